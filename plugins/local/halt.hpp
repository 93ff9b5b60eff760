#pragma once

#include <cdctl/error.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/process_tracker.hpp"

namespace cdctl::local {

/// How a set was brought to an end.
struct Halted {
  bool anything = false;  ///< a supervisor or a process of the set was there
  /// By the kernel's word (its cgroup is empty, its subreaper has no child, the machine was booted
  /// since). False: its supervisor was killed and there is no cgroup, so that a sweep found nobody,
  /// and no more is known.
  bool proven = true;
};

/// Where a set's processes are to be looked for: what its supervisor wrote down, or what follows
/// from its name.
[[nodiscard]] Result<ProcessTracker> tracker_of(const SetPaths& paths, const SetName& name,
                                                const std::string& home_id);

/// Ends a set: the supervisor is asked to; one that does not answer is killed, and then everything
/// that is left. TERM first, KILL after `grace`; a frozen set gets KILL. Exit code `failed` names
/// what does not go. Call with `op` held.
[[nodiscard]] Result<Halted> halt(const SetPaths& paths, const SetName& name,
                                  const std::string& home_id, Millis grace,
                                  const Deadline& deadline);

}  // namespace cdctl::local
