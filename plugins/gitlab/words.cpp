#include "plugins/gitlab/words.hpp"

#include <algorithm>

#include "plugins/forges/head_at.hpp"
#include "plugins/forges/vote_line.hpp"

namespace cdctl::gitlab {

std::string head_at(const Json::Array& versions, std::optional<Time> at) {
  return forges::head_at(versions, "created_at", "head_commit_sha", at);
}

std::optional<Time> approved_at(const Json::Array& discussions, std::string_view who) {
  std::optional<Time> approved, withdrawn;
  for (const auto& discussion : discussions)
    for (const auto& note : discussion["notes"].items()) {
      if (!note["system"].as_bool() || note["author"]["username"].view() != who) continue;
      const auto at = parse_rfc3339(note["created_at"].view());
      if (!at) continue;
      if (note["body"].view() == "approved this merge request")
        approved = std::max(approved.value_or(*at), *at);
      if (note["body"].view() == "unapproved this merge request")
        withdrawn = std::max(withdrawn.value_or(*at), *at);
    }
  if (withdrawn && approved && *withdrawn >= *approved) return {};
  return approved;
}

bool is_open(const Json& discussion) {
  return std::ranges::any_of(discussion["notes"].items(), [](const Json& note) {
    return note["resolvable"].as_bool() && !note["resolved"].as_bool();
  });
}

std::string vote_of(const Json& discussion) {
  const auto& notes = discussion["notes"].items();
  if (notes.empty() || !is_open(discussion)) return {};
  return forges::vote_in(notes.front()["body"].view(),
                         {"Needs Fixing", "Disapprove", "Needs Information", "Needs Resubmitting"});
}

const Json& begun_by(const Json& discussion) {
  static const Json nobody;
  const auto& notes = discussion["notes"].items();
  return notes.empty() ? nobody : notes.front()["author"];
}

}  // namespace cdctl::gitlab
