#pragma once

#include <string>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// Kills every process of ours whose environment holds `entry` (`CDCTL_MOJO_RUN=…`): what a script
/// left behind in a session of its own. Returns how many. Exit code `failed` when some are still
/// there at the deadline.
[[nodiscard]] Result<int> kill_marked(const std::string& entry, const Deadline& deadline);

}  // namespace cdctl::mojo
