#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

// What GitLab says of a merge request, read.

namespace cdctl::gitlab {

/// The commit that was the head of a merge request at a time, by its versions; empty for none.
[[nodiscard]] std::string head_at(const Json::Array& versions, std::optional<Time> at);
/// When somebody approved, by the notes that GitLab writes about it; empty where they did not, or
/// took it back.
[[nodiscard]] std::optional<Time> approved_at(const Json::Array& discussions, std::string_view who);
/// The vote that the first note of an open thread keeps; GitLab has no word for one that is not an
/// approval. Empty for a thread that is none.
[[nodiscard]] std::string vote_of(const Json& discussion);
/// Who began a thread: a user, or null.
[[nodiscard]] const Json& begun_by(const Json& discussion);
/// Whether a thread is to be resolved, and is not.
[[nodiscard]] bool is_open(const Json& discussion);

}  // namespace cdctl::gitlab
