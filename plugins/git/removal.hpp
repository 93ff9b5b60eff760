#pragma once

#include <map>
#include <string>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Removes refs of the target's repository, each where it is at this id, however many: some at
/// once, and none of those where one is refused. Answers what git said of the first push that was
/// not taken, or of the last.
[[nodiscard]] Result<Finished> remove_refs(const Workshop& workshop,
                                           const std::map<std::string, std::string>& refs,
                                           const Deadline& deadline);

}  // namespace cdctl::git
