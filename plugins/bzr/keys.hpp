#pragma once

#include <array>

#include <cdctl/rows.hpp>

namespace cdctl::bzr {

using plugin::KeyRow;
using enum plugin::KeyPlace;

/// The keys of [bzr] in a target's file.
inline constexpr std::array k_keys{
    KeyRow{target, "bzr", "table", "", "{ proposals = \"propose\", reviews = \"reviews\" }",
           "proposals propose review land", "Proposals are Breezy branches"},
    KeyRow{target, "bzr.proposals", "text", "", "\"bzr+ssh://bzr.example/thumbs/propose\"",
           "proposals propose review land", "A folder: each branch in it is a proposal"},
    KeyRow{target, "bzr.branches", "list", "", "[\"bzr+ssh://bzr.example/~alice/fix\"]",
           "proposals review", "Branches elsewhere that are proposals; they are never removed"},
    KeyRow{target, "bzr.reviews", "text", "nobody's vote counts",
           "\"bzr+ssh://bzr.example/thumbs/reviews\"", "proposals propose review land",
           "The branch that reviews are committed to"},
    KeyRow{target, "bzr.reviewers", "file", "nobody's vote counts", "\"reviewers\"", "proposals",
           "Whose votes count, and by which key: an allowed-signers file of ssh-keygen"},
};

}  // namespace cdctl::bzr
