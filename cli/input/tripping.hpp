#pragma once

#include "cli/input/record_reader.hpp"
#include "core/breaker/breaker.hpp"
#include "core/breaker/signal_scanner.hpp"
#include "core/fleet/notes.hpp"
#include "core/fleet/rule_book.hpp"
#include "core/records/verdict.hpp"

namespace cdctl::cli {

struct TripOptions {
  bool all = false, explain = false, replay = false;
};

/// Reads signal records from standard input and has the breaker judge them; what it decides goes to
/// stdout. Lives for one run of `trip`.
class Tripping {
 public:
  /// `book` outlives it.
  Tripping(Context& context, const fleet::RuleBook& book, const TripOptions& options);

  /// To the end of the input, and for a while longer where sets wait for their peers.
  void run();
  [[nodiscard]] bool any_unhealthy() const { return breaker_.any_unhealthy(); }

 private:
  [[nodiscard]] breaker::Breaker::Hooks hooks(const fleet::RuleBook& book);
  void emit(const records::Verdict& verdict);
  LineReader::Got read();
  [[nodiscard]] int idle_ms() const;
  [[nodiscard]] Millis max_age(const std::string& service) const;
  void wait_for_others();
  void take(std::string_view line);
  [[nodiscard]] const breaker::Observation& by_now(const breaker::Observation& signal);
  void bad(std::string_view why);
  void note(std::size_t count, std::string_view one, std::string_view more);

  Context& context_;
  TripOptions options_;
  fleet::Notes notes_;
  LineReader lines_;
  breaker::SignalScanner scanner_;
  breaker::Breaker breaker_;
  breaker::Observation clamped_;
  Time latest_{};  ///< what is not after it is not from the future
  std::size_t skipped_ = 0, expired_ = 0, future_ = 0;
  bool blocked_ = false, first_ = true;
};

}  // namespace cdctl::cli
