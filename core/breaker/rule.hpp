#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/time.hpp>

namespace cdctl::breaker {

/// One line of the rule language, as it reads aloud (docs/breakers.md is its manual):
///
///     SUBJECT >= AMOUNT [CLAUSE…]
///
/// SUBJECT is `critical`, `errors` (error or worse), `warnings` (warning or worse), `signals`
/// (any), the name of a signal in single quotes, `failures` (of the work that was counted), or a
/// rate: `failure-rate`, or one of the others and `rate`. AMOUNT is a number, for a rate a
/// percentage, or `3x baseline [else AMOUNT]`, `3x baseline and AMOUNT`. CLAUSES: `in 5m`, `in a
/// row`, `of at least 30`, `after 2m`, `for 1m`, `unless everyone in 5s`.
struct Rule {
  enum class Kind { count, row, rate };
  enum class Subject { severity, name, failures };

  std::string text;  ///< as it was written
  Kind kind = Kind::count;
  Subject subject = Subject::severity;
  Severity least = Severity::critical;  ///< of Subject::severity
  std::string signal;                   ///< of Subject::name
  std::int64_t count = 1;  ///< the threshold of a number; against a baseline, of its fallback
  double share = 0;        ///< the same of a rate, 0 to 1
  bool above = false;      ///< of a rate: `>` and not `>=`
  double times = 0;        ///< more than 0: against the baseline, that many times
  bool both = false;  ///< `and` and not `else`: against peers too, it must be that much by itself
  std::int64_t at_least = 0;  ///< sample that a rate, or a comparison, needs
  Millis window = std::chrono::minutes(5);
  Millis after{};   ///< what a set says in its first time is not counted
  Millis hold{};    ///< must have stood for so long
  Millis settle{};  ///< the same, but only where a peer could yet show the same

  [[nodiscard]] bool relative() const { return times > 0; }
  [[nodiscard]] bool matches(Severity severity, std::string_view name) const {
    if (subject == Subject::name) return name == signal;
    return severity >= (subject == Subject::severity ? least : Severity::error) &&
           name != k_outage_signal;
  }

  /// Exit code `usage`, with the column of what is wrong, when the text is no rule.
  [[nodiscard]] static Result<Rule> parse(std::string_view text);
};

/// What applies to a service that names no rules. docs/breakers.md says why each is there.
[[nodiscard]] const std::vector<std::string>& default_rules();

}  // namespace cdctl::breaker
