#pragma once

#include <array>

#include <cdctl/rows.hpp>

namespace cdctl::git {

/// The keys of [git] in a target's file.
inline constexpr std::array k_keys{
    plugin::KeyRow{plugin::KeyPlace::target, "git", "table", "", "{ reviewers = \"reviewers\" }",
                   "proposals propose review",
                   "Proposals and votes in plain refs of the repository"},
    plugin::KeyRow{plugin::KeyPlace::target, "git.reviewers", "file", "nobody's vote counts",
                   "\"reviewers\"", "proposals",
                   "Whose votes count, and by which key: an allowed-signers file of ssh-keygen"},
    plugin::KeyRow{plugin::KeyPlace::target, "git.keyring", "file", "no OpenPGP key counts",
                   "\"reviewers.gpg\"", "proposals",
                   "Whose OpenPGP signatures count, too: a keyring of gpgv, made by gpg --export"},
    plugin::KeyRow{plugin::KeyPlace::target, "git.known_as", "list",
                   "the repository's own, and what may be it by another transport",
                   "[\"https://git.example/thumbs.git\"]", "proposals",
                   "By which other addresses reviewers know the repository; a review of any other "
                   "does not count"},
    plugin::KeyRow{plugin::KeyPlace::target, "git.proposals", "text",
                   "refs/heads/propose/TARGET/TOPIC", "\"refs/heads/land/TARGET/TOPIC\"",
                   "proposals propose review",
                   "Which branches are proposals; TARGET is the target's branch"},
};

}  // namespace cdctl::git
