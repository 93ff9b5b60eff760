#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/proposal.hpp>

// What Launchpad says of a merge proposal, read.

namespace cdctl::launchpad {

/// Where a merge proposal comes from, goes to, or what it comes after: a Breezy branch, or a ref of
/// a git repository.
struct Place {
  std::string link;  ///< of the branch or the repository; empty = there is none, or nobody may see
  std::string path;  ///< `refs/heads/fix`; empty of a Breezy branch
  [[nodiscard]] bool git() const { return !path.empty(); }
  friend bool operator==(const Place&, const Place&) = default;
};
/// `which`: source, target, prerequisite.
[[nodiscard]] Place place_of(const Json& proposal, std::string_view which);

/// Its number: the last part of its link.
[[nodiscard]] std::string number_of(const Json& proposal);
/// Whether it may become part of its target still.
[[nodiscard]] bool is_open(const Json& proposal);
/// Whether somebody whom Launchpad trusts has said that it shall land. Without a revision, or with
/// this one: what came after that is not approved.
[[nodiscard]] bool is_approved(const Json& proposal, std::string_view head);

/// A merge proposal with what was said of it.
struct Spoken {
  Json json;
  Json::Array votes, comments, diffs, bugs;
  std::string head;
  std::vector<std::string> authors;  ///< names of people and teams
};
/// One of its comments, by its link; null where it is not among them.
[[nodiscard]] const Json* comment_of(const Spoken& spoken, std::string_view link);
/// What each reviewer says. An approval is of the head of which there was a diff when it was given,
/// or of the revision at which the same person set the whole to Approved; any other vote stands
/// until its reviewer takes it back. `why_not`: why somebody's word does not count.
[[nodiscard]] std::vector<Vote> votes_of(
    const Spoken& spoken, const std::function<std::string(const std::string&)>& why_not);

/// Its title and description. Launchpad has neither: they are the commit message, where somebody
/// has written one, or the description, with the bugs that are linked.
struct Words {
  std::string title, description;
};
[[nodiscard]] Words words_of(const Spoken& spoken, std::string_view branch);

}  // namespace cdctl::launchpad
