#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/time.hpp>

namespace cdctl::cli {

/// One line of the rule language, as it reads aloud:
///
///     SUBJECT >= N [in DURATION]        at least N within the window (5m when none is given)
///     SUBJECT >= N in a row             N in a row, not broken by another signal of the set
///     SUBJECT > N …                     the same with N + 1
///
/// SUBJECT is `critical`, `errors` (error or worse), `warnings` (warning or worse), `signals` (any), or the name of a
/// signal in single quotes: `'oops' >= 3 in 1m`.
struct Rule {
  enum class Kind { count, row };

  std::string text;                       ///< as it was written
  Kind kind = Kind::count;
  Severity least = Severity::critical;
  std::string signal;                     ///< when not empty: only signals of this name, of any severity
  std::int64_t count = 1;
  Millis window = std::chrono::minutes(5);

  [[nodiscard]] bool matches(Severity severity, std::string_view name) const { return signal.empty() ? severity >= least : name == signal; }

  /// Exit code `usage`, with the column of what is wrong, when the text is no rule.
  [[nodiscard]] static Result<Rule> parse(std::string_view text);
};

/// What applies to a service that names no rules.
[[nodiscard]] const std::vector<std::string>& default_rules();

}  // namespace cdctl::cli
