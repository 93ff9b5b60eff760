#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/context.hpp"
#include "core/breaker/rule.hpp"

namespace cdctl::fleet {

/// The rules of each service: those given by a person for all, else its own file's, else the
/// default ones.
class RuleBook {
 public:
  /// Exit code `usage` for a bad rule of `given`; `config`, with file, line and column, when no
  /// service has rules that can be used.
  [[nodiscard]] static Result<RuleBook> make(app::Context& context,
                                             const std::vector<std::string>& given);
  [[nodiscard]] std::vector<breaker::Rule> of(std::string_view service) const;
  /// How far back a breaker must read to judge as one that never stopped: by the rule that looks
  /// back furthest, what delays its verdict, and how old evidence may be that still cuts.
  [[nodiscard]] Millis look_back() const { return look_back_; }
  /// Services whose own file holds a bad rule: nothing is to be decided of them.
  [[nodiscard]] const std::map<std::string, Error>& bad() const { return bad_; }

 private:
  std::vector<breaker::Rule> common_;
  std::map<std::string, std::vector<breaker::Rule>, std::less<>> own_;
  std::map<std::string, Error> bad_;
  Millis look_back_{};
};

/// `:3` for the line of `text` that holds `rule` as a TOML string, from 1; empty when none does (it
/// was written with escapes).
[[nodiscard]] std::string line_of_rule(std::string_view text, std::string_view rule);

}  // namespace cdctl::fleet
