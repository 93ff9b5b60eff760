#pragma once

#include "plugins/forges/key_rows.hpp"

namespace cdctl::gitlab {

/// The keys of [gitlab].
inline constexpr auto k_keys = forges::key_rows<"gitlab">({
    .meaning = "Proposals are merge requests of GitLab",
    .in_common = "What all targets on GitLab have in common",
    .repository = "\"team/sub/thumbs\"",
    .repository_meaning = "The project's path there",
    .reviewers = "[\"alice\", \"@team/reviewers\"]",
    .reviewers_otherwise = "developers of the project and above",
    .reviewers_meaning = "Whose approvals count: users, and groups behind an @",
    .api = "\"https://git.example/api/v4\"",
    .api_meaning = "The API, where it is not below the host of the repository",
    .token_env = "\"GITLAB_TOKEN\"",
    .token_command = "[\"pass\", \"gitlab\"]",
});

}  // namespace cdctl::gitlab
