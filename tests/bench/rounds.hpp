#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "link.hpp"

namespace bench {

using Microseconds = std::int64_t;  ///< since 1970

/// What bench-worker's ledger says of one set so far.
struct SetSeen {
  std::map<std::string, bool> open;  ///< by unit
  Microseconds last_job = 0;
  Microseconds last_closed = 0;
  [[nodiscard]] int open_units() const;
};

/// Reads a ledger that others are writing.
class LedgerTail {
 public:
  explicit LedgerTail(const std::string& path) : file_(path) {}
  /// Reads on until `holds` does; false at the deadline.
  [[nodiscard]] bool wait(const std::function<bool()>& holds, std::chrono::seconds deadline);
  [[nodiscard]] const SetSeen& of(const std::string& set) { return sets_[set]; }

 private:
  void read_on();

  std::ifstream file_;
  std::string rest_;
  std::map<std::string, SetSeen> sets_;
};

/// Reads what `cdctl break` writes, one outcome record a line.
class OutcomeTail {
 public:
  explicit OutcomeTail(const std::string& path) : file_(path) {}
  /// Reads on until the outcome of `set` was there; false at the deadline.
  [[nodiscard]] bool wait(const std::string& set, std::chrono::seconds deadline);

 private:
  std::ifstream file_;
  std::string line_;
};

/// One round: times after the signal was handed to the broker's socket.
struct Round {
  double last_delivery_ms = 0;  ///< the last job that a worker of the set got
  double last_closed_ms = 0;    ///< the last of its workers noticed the end of its connection
};

/// Cuts sets through a `signals | trip | break` pipe that runs elsewhere, and mends them again.
class Rounds {
 public:
  Rounds(const std::string& ledger, const std::string& outcomes, int units, std::string good)
      : ledger_(ledger), outcomes_(outcomes), units_(units), good_(std::move(good)) {}
  /// Connects to $AMQP_URL. The error is empty when it worked.
  [[nodiscard]] std::string open();
  /// One round with the set `bad`. The error says what did not happen in time.
  [[nodiscard]] std::optional<Round> play(const std::string& bad, std::string& error);

 private:
  [[nodiscard]] bool raise(const std::string& set, std::string_view severity);
  [[nodiscard]] bool at_work(const std::string& set);

  demo::Link link_;
  LedgerTail ledger_;
  OutcomeTail outcomes_;
  int units_;
  std::string good_;
  std::uint64_t signals_ = 0;
  std::map<std::string, std::chrono::steady_clock::time_point> healthy_at_;
};

}  // namespace bench
