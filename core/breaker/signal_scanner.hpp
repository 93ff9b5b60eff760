#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "core/breaker/set_state.hpp"

namespace cdctl::breaker {

/// Reads the few fields of a signal line that a breaker needs, without building a tree for each
/// line. A flat record in plain ASCII is scanned in one pass; anything else goes to the JSON
/// parser, so that both accept and refuse the same lines.
class SignalScanner {
 public:
  enum class Kind { signal, expired, error, other, bad };
  static constexpr std::size_t k_padding = 64;  ///< a scan may look that far behind a line

  SignalScanner();
  ~SignalScanner();

  /// `line` must have k_padding readable bytes behind it. The views in observation() hold until the
  /// next call.
  Kind scan(std::string_view line);
  [[nodiscard]] const Observation& observation() const { return observation_; }
  [[nodiscard]] const std::string& service() const {
    return service_;
  }  ///< of an error record; empty = all
  [[nodiscard]] const std::string& why() const {
    return why_;
  }  ///< of a bad line, or what an error record tried

 private:
  /// The texts of a record that matter here.
  struct Fields {
    std::string_view schema, severity, time, received, id, service, doing, expires;
    std::optional<bool> cleared, replayed;
  };
  Kind take(const Fields& fields);
  Kind scan_tree(std::string_view line);
  Kind take_slowly(std::string_view line);
  bool scan_flat(std::string_view line, Fields& fields);
  void field(Fields& fields, std::string_view key, std::string_view text);
  /// The same of a member that holds no text; `value` is whether it is true.
  void flag(Fields& fields, std::string_view key, bool value);
  void add_count(std::string_view name, std::uint64_t value);
  void add_count(std::string_view name, double value);
  [[nodiscard]] std::optional<Time> time_of(std::string_view text);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  Observation observation_;
  Json kept_;  ///< holds the views of a signal that was read slowly
  std::string service_, why_;
  std::string minute_;  ///< the last time read, up to its seconds: most are of the same minute
  Time minute_start_{};
};

}  // namespace cdctl::breaker
