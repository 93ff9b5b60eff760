#pragma once

#include <cdctl/roles.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// Waits until the command that a supervisor runs once has come to its end, or must not go on: at
/// the deadline, when the set was cut, when we are asked to stop. What it said is left to the
/// caller, and so is its end in these cases.
[[nodiscard]] Ran wait_for_end(const SetPaths& paths, const Deadline& deadline);

}  // namespace cdctl::local
