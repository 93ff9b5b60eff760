#include "plugins/launchpad/reviewers.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::launchpad {

Reviewers::Reviewers(const TargetConfig& target) {
  for (const auto& name : target.table["launchpad"]["reviewers"].items()) {
    const auto text = name.view();
    if (text.starts_with('~'))
      teams_.emplace_back(text.substr(1));
    else
      names_.emplace_back(text);
  }
}

Result<> Reviewers::ask(WebService& web, const LandingSite& site,
                        const std::set<std::string>& links, const Deadline& deadline) {
  trusted_.insert(names_.begin(), names_.end());
  if (!by_right()) {
    std::vector<std::string> paths;
    for (const auto& team : teams_)
      paths.push_back(fmt::format("/~{}/participants", url_encode(team)));
    const auto answers = web.collections(paths, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i])
        return fail(answers[i].error().in(
            fmt::format("asking who is in ~{} of launchpad.reviewers", printable(teams_[i], 60))));
      for (const auto& person : *answers[i]) trusted_.insert(name_in(person["self_link"].view()));
    }
    return {};
  }
  std::vector<std::string> paths, whose;
  for (const auto& link : links) {
    paths.push_back(asking(site.path, "isPersonTrustedReviewer", {{"reviewer", link}}));
    whose.push_back(name_in(link));
  }
  const auto answers = web.get_all(paths, deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i])
      return fail(answers[i].error().in(fmt::format(
          "asking whether the word of {} counts (launchpad.reviewers names them without a "
          "question)",
          printable(whose[i], 60))));
    if (answers[i]->as_bool()) trusted_.insert(whose[i]);
  }
  return {};
}

std::string Reviewers::why_not(const std::string& name) const {
  if (trusted_.contains(name)) return {};
  return by_right() ? "Launchpad does not trust them to review for it"
                    : "they are none of launchpad.reviewers";
}

}  // namespace cdctl::launchpad
