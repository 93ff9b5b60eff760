#pragma once

#include <array>

#include <cdctl/rows.hpp>

namespace cdctl::github {

using plugin::KeyRow;
using enum plugin::KeyPlace;

/// The keys of [github] in a target's file; those of the server may stand in cdctl.toml, for all.
inline constexpr std::array k_keys{
    KeyRow{target, "github", "table", "", "{ token_file = \"github.token\" }",
           "proposals propose review land", "Proposals are pull requests of GitHub"},
    KeyRow{target, "github.repository", "text", "the path of the target's repository",
           "\"team/thumbs\"", "proposals propose review land", "Its owner and name there"},
    KeyRow{target, "github.reviewers", "list", "who may push to the repository",
           "[\"alice\", \"team/reviewers\"]", "proposals",
           "Whose reviews count: logins, and teams as organisation/team"},
    KeyRow{target, "github.api", "address", "by the repository's host",
           "\"https://git.example/api/v3\"", "proposals propose review land",
           "The API; of GitHub Enterprise it is below its host"},
    KeyRow{target, "github.token_file", "file", "", "\"github.token\"",
           "proposals propose review land", "A file of mode 0600 with a token"},
    KeyRow{target, "github.token_env", "text", "", "\"GITHUB_TOKEN\"",
           "proposals propose review land", "The environment variable with a token"},
    KeyRow{target, "github.token_command", "list", "", "[\"gh\", \"auth\", \"token\"]",
           "proposals propose review land", "A program, without a shell, that prints a token"},
    KeyRow{file, "github", "table", "", "{ token_file = \"github.token\" }",
           "proposals propose review land", "What all targets on GitHub have in common"},
    KeyRow{file, "github.api", "address", "by the repository's host",
           "\"https://git.example/api/v3\"", "proposals propose review land",
           "The API, of targets that name none"},
    KeyRow{file, "github.token_file", "file", "", "\"github.token\"",
           "proposals propose review land",
           "A file of mode 0600 with a token, for targets that name none"},
    KeyRow{file, "github.token_env", "text", "", "\"GITHUB_TOKEN\"",
           "proposals propose review land",
           "The environment variable with a token, for targets that name none"},
    KeyRow{file, "github.token_command", "list", "", "[\"gh\", \"auth\", \"token\"]",
           "proposals propose review land",
           "A program, without a shell, that prints a token, for targets that name none"},
};

}  // namespace cdctl::github
