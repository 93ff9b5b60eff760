#pragma once

#include <array>

#include <cdctl/rows.hpp>

namespace cdctl::gitlab {

using plugin::KeyRow;
using enum plugin::KeyPlace;

/// The keys of [gitlab] in a target's file; those of the server may stand in cdctl.toml, for all.
inline constexpr std::array k_keys{
    KeyRow{target, "gitlab", "table", "", "{ token_file = \"gitlab.token\" }",
           "proposals propose review land", "Proposals are merge requests of GitLab"},
    KeyRow{target, "gitlab.repository", "text", "the path of the target's repository",
           "\"team/sub/thumbs\"", "proposals propose review land", "The project's path there"},
    KeyRow{target, "gitlab.reviewers", "list", "developers of the project and above",
           "[\"alice\", \"@team/reviewers\"]", "proposals",
           "Whose approvals count: users, and groups behind an @"},
    KeyRow{target, "gitlab.api", "address", "by the repository's host",
           "\"https://git.example/api/v4\"", "proposals propose review land",
           "The API, where it is not below the host of the repository"},
    KeyRow{target, "gitlab.token_file", "file", "", "\"gitlab.token\"",
           "proposals propose review land", "A file of mode 0600 with a token"},
    KeyRow{target, "gitlab.token_env", "text", "", "\"GITLAB_TOKEN\"",
           "proposals propose review land", "The environment variable with a token"},
    KeyRow{target, "gitlab.token_command", "list", "", "[\"pass\", \"gitlab\"]",
           "proposals propose review land", "A program, without a shell, that prints a token"},
    KeyRow{file, "gitlab", "table", "", "{ token_file = \"gitlab.token\" }",
           "proposals propose review land", "What all targets on GitLab have in common"},
    KeyRow{file, "gitlab.api", "address", "by the repository's host",
           "\"https://git.example/api/v4\"", "proposals propose review land",
           "The API, of targets that name none"},
    KeyRow{file, "gitlab.token_file", "file", "", "\"gitlab.token\"",
           "proposals propose review land",
           "A file of mode 0600 with a token, for targets that name none"},
    KeyRow{file, "gitlab.token_env", "text", "", "\"GITLAB_TOKEN\"",
           "proposals propose review land",
           "The environment variable with a token, for targets that name none"},
    KeyRow{file, "gitlab.token_command", "list", "", "[\"pass\", \"gitlab\"]",
           "proposals propose review land",
           "A program, without a shell, that prints a token, for targets that name none"},
};

}  // namespace cdctl::gitlab
