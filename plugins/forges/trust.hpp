#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::forges {

/// Whose word counts in a target, as far as it was asked: those that `reviewers` of the forge's
/// table names, by themselves or by a group, and without it who may push to the repository.
class Trust {
 public:
  /// `is_group`: whether a name is that of a group.
  Trust(const TargetConfig& target, bool (*is_group)(std::string_view));

  [[nodiscard]] bool named(std::string_view login) const;
  [[nodiscard]] const std::vector<std::string>& groups() const { return groups_; }
  [[nodiscard]] bool by_right() const { return names_.empty() && groups_.empty(); }

  /// Asks about all that are not named, at once: of each the paths of `questions`, one of which has
  /// to be there and be a yes.
  void ask(Rest& rest, const std::set<std::string>& logins,
           const std::function<std::vector<std::string>(const std::string&)>& questions,
           const std::function<bool(const Json&)>& yes, const Deadline& deadline);
  /// Why it could not be asked whether somebody's word counts; null where it was.
  [[nodiscard]] const Error* unknown(const std::string& login) const;
  /// Why somebody's word does not count; empty when it does.
  [[nodiscard]] std::string why_not(const std::string& login, bool bot) const;
  /// The same for who reviews, in words for them, as far as their token can tell. `own`: they have
  /// made some of it.
  [[nodiscard]] std::string why_not_own(const std::string& login, bool bot, bool own) const;

 private:
  std::string key_;
  std::vector<std::string> names_, groups_;
  std::set<std::string> trusted_;
  std::map<std::string, Error> unknown_;
};

}  // namespace cdctl::forges
