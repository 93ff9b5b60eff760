#include "plugins/forges/trust.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/code_review.hpp>
#include <cdctl/text.hpp>

namespace cdctl::forges {

Trust::Trust(const TargetConfig& target, bool (*is_group)(std::string_view))
    : key_(target.forge + ".reviewers") {
  for (const auto& name : target.table[target.forge]["reviewers"].items())
    (is_group(name.view()) ? groups_ : names_).push_back(name.as_string());
}

bool Trust::named(std::string_view login) const {
  return std::ranges::any_of(names_,
                             [&](const std::string& name) { return same_name(name, login); });
}

void Trust::ask(Rest& rest, const std::set<std::string>& logins,
                const std::function<std::vector<std::string>(const std::string&)>& questions,
                const std::function<bool(const Json&)>& yes, const Deadline& deadline) {
  std::vector<std::string> paths, whose;
  for (const auto& login : logins) {
    if (named(login)) {
      trusted_.insert(login);
      continue;
    }
    for (auto& path : questions(login)) {
      paths.push_back(std::move(path));
      whose.push_back(login);
    }
  }
  const auto answers = rest.get_all(paths, deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]) {
      if (yes(*answers[i])) trusted_.insert(whose[i]);
    } else if (answers[i].error().reason != Reason::not_there) {  // 404: they are none
      unknown_.emplace(
          whose[i], answers[i].error().in(fmt::format(
                        "asking whether the word of {} counts ({} names them without a question)",
                        whose[i], key_)));
    }
  }
}

const Error* Trust::unknown(const std::string& login) const {
  const auto at = unknown_.find(login);
  return at == unknown_.end() || trusted_.contains(login) ? nullptr : &at->second;
}

std::string Trust::why_not(const std::string& login, bool bot) const {
  if (login.empty()) return "its account is gone";
  if (bot && !named(login)) return "it is a bot's";
  if (trusted_.contains(login)) return {};
  if (unknown_.contains(login)) return "it could not be asked whether their word counts";
  return by_right() ? "they may not push to the repository" : "they are none of " + key_;
}

std::string Trust::why_not_own(const std::string& login, bool bot, bool own) const {
  const auto who = printable(login, 80);
  if (own) return fmt::format("{} has made some of it, and an author's own does not count", who);
  const auto why = why_not(login, bot);
  if (why.empty() || bot) return why;
  if (!groups_.empty()) return {};  // who is in one, not everybody may see
  return by_right() ? fmt::format("{} may not push to the repository", who)
                    : fmt::format("{} is none of {}", who, key_);
}

}  // namespace cdctl::forges
