#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/gitlab/gitlab_project.hpp"

namespace cdctl::gitlab {

/// The open merge requests of targets in one project, answers in the order asked, the oldest first.
/// Either all of a target's, with all that was said of each, or an error.
[[nodiscard]] std::vector<Result<std::vector<Proposal>>> list_requests(
    GitlabProject& project, std::span<const TargetConfig* const> targets, const Deadline& deadline);

/// The commit that was the head of a merge request at a time, by its versions; empty for none.
[[nodiscard]] std::string head_at(const Json::Array& versions, std::optional<Time> at);
/// When somebody approved, by the notes that GitLab writes about it; empty where they did not, or
/// took it back.
[[nodiscard]] std::optional<Time> approved_at(const Json::Array& discussions, std::string_view who);
/// The vote that the first note of an open thread keeps; GitLab has no word for one that is not an
/// approval. Empty for a thread that is none.
[[nodiscard]] std::string vote_of(const Json& discussion);
/// The hidden line that keeps it.
[[nodiscard]] std::string vote_line(std::string_view vote);
/// Whether a thread is to be resolved, and is not.
[[nodiscard]] bool is_open(const Json& discussion);

}  // namespace cdctl::gitlab
