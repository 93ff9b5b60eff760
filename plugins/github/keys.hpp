#pragma once

#include "plugins/forges/key_rows.hpp"

namespace cdctl::github {

/// The keys of [github].
inline constexpr auto k_keys = forges::key_rows<"github">({
    .meaning = "Proposals are pull requests of GitHub",
    .in_common = "What all targets on GitHub have in common",
    .repository = "\"team/thumbs\"",
    .repository_meaning = "Its owner and name there",
    .reviewers = "[\"alice\", \"team/reviewers\"]",
    .reviewers_otherwise = "who may push to the repository",
    .reviewers_meaning = "Whose reviews count: logins, and teams as organisation/team",
    .api = "\"https://git.example/api/v3\"",
    .api_meaning = "The API; of GitHub Enterprise it is below its host",
    .token_env = "\"GITHUB_TOKEN\"",
    .token_command = "[\"gh\", \"auth\", \"token\"]",
});

}  // namespace cdctl::github
