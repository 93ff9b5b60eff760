#pragma once

#include <array>

#include <cdctl/rows.hpp>

namespace cdctl::gitea {

using plugin::KeyRow;
using enum plugin::KeyPlace;

/// The keys of [gitea] in a target's file; those of the server may stand in cdctl.toml, for all.
inline constexpr std::array k_keys{
    KeyRow{target, "gitea", "table", "", "{ token_file = \"gitea.token\" }",
           "proposals propose review land", "Proposals are pull requests of Gitea or Forgejo"},
    KeyRow{target, "gitea.repository", "text", "the path of the target's repository",
           "\"team/thumbs\"", "proposals propose review land", "Its owner and name there"},
    KeyRow{target, "gitea.reviewers", "list", "who may push to the repository",
           "[\"alice\", \"team/reviewers\"]", "proposals",
           "Whose reviews count: logins, and teams as organisation/team"},
    KeyRow{target, "gitea.api", "address", "by the repository's host",
           "\"https://git.example/api/v1\"", "proposals propose review land",
           "The API, where it is not below the host of the repository"},
    KeyRow{target, "gitea.token_file", "file", "", "\"gitea.token\"",
           "proposals propose review land", "A file of mode 0600 with a token"},
    KeyRow{target, "gitea.token_env", "text", "", "\"GITEA_TOKEN\"",
           "proposals propose review land", "The environment variable with a token"},
    KeyRow{target, "gitea.token_command", "list", "", "[\"pass\", \"gitea\"]",
           "proposals propose review land", "A program, without a shell, that prints a token"},
    KeyRow{file, "gitea", "table", "", "{ token_file = \"gitea.token\" }",
           "proposals propose review land", "What all targets on Gitea have in common"},
    KeyRow{file, "gitea.api", "address", "by the repository's host",
           "\"https://git.example/api/v1\"", "proposals propose review land",
           "The API, of targets that name none"},
    KeyRow{file, "gitea.token_file", "file", "", "\"gitea.token\"", "proposals propose review land",
           "A file of mode 0600 with a token, for targets that name none"},
    KeyRow{file, "gitea.token_env", "text", "", "\"GITEA_TOKEN\"", "proposals propose review land",
           "The environment variable with a token, for targets that name none"},
    KeyRow{file, "gitea.token_command", "list", "", "[\"pass\", \"gitea\"]",
           "proposals propose review land",
           "A program, without a shell, that prints a token, for targets that name none"},
};

}  // namespace cdctl::gitea
