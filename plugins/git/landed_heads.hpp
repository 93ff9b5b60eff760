#pragma once

#include <string>

#include <cdctl/error.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Whether `tip` has a head of a proposal: as an ancestor, by what note_landed() has kept, or
/// because a commit of its first parents that names the head has exactly the tree which the head
/// gives on top of what was before it. That a commit names a head proves nothing by itself: whoever
/// proposes writes what they like.
[[nodiscard]] Result<bool> has_landed(const Workshop& workshop, const std::string& head,
                                      const std::string& tip, MergeMethod method,
                                      const Deadline& deadline);

/// Keeps that a head has landed as `commit`, in a ref of the workshop that nobody else can reach.
[[nodiscard]] Result<> note_landed(const Workshop& workshop, const std::string& head,
                                   const std::string& commit, const Deadline& deadline);

/// Whether `base` has the changes of a head, one by one or as one commit, since the two parted,
/// each to the byte and at the same place. Who has taken them back since did not want them:
/// rebased, they can be proposed anew.
[[nodiscard]] Result<bool> has_equal_changes(const Workshop& workshop, const std::string& head,
                                             const std::string& base, const Deadline& deadline);

}  // namespace cdctl::git
