#pragma once

#include "plugins/forges/key_rows.hpp"

namespace cdctl::gitea {

/// The keys of [gitea].
inline constexpr auto k_keys = forges::key_rows<"gitea">({
    .meaning = "Proposals are pull requests of Gitea or Forgejo",
    .in_common = "What all targets on Gitea have in common",
    .repository = "\"team/thumbs\"",
    .repository_meaning = "Its owner and name there",
    .reviewers = "[\"alice\", \"team/reviewers\"]",
    .reviewers_otherwise = "who may push to the repository",
    .reviewers_meaning = "Whose reviews count: logins, and teams as organisation/team",
    .api = "\"https://git.example/api/v1\"",
    .api_meaning = "The API, where it is not below the host of the repository",
    .token_env = "\"GITEA_TOKEN\"",
    .token_command = "[\"pass\", \"gitea\"]",
});

}  // namespace cdctl::gitea
