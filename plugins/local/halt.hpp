#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/grace.hpp>
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

/// What of a set is still in its grace.
struct InGrace {
  std::int64_t processes = 0;
  Time until;
};

/// Tells a set to end and does not wait: its supervisor, or where that is dead or does not answer
/// each process. Empty: nothing runs any more, or what does has had its time; halt() ends it. TERM
/// was sent at `begun`, or is sent now where that is empty; a frozen set gets no time. Call with
/// `op` held.
[[nodiscard]] Result<std::optional<InGrace>> begin_halt(const SetPaths& paths, const SetName& name,
                                                        const std::string& home_id,
                                                        const Grace& grace,
                                                        std::optional<Time> begun,
                                                        const Deadline& deadline);

/// Ends a set: the supervisor is asked to; one that does not answer is killed, and then everything
/// that is left. TERM to every process first, KILL after `grace`; a frozen set gets KILL. Exit code
/// `failed` names what does not go. Call with `op` held.
[[nodiscard]] Result<Halted> halt(const SetPaths& paths, const SetName& name,
                                  const std::string& home_id, Millis grace,
                                  const Deadline& deadline);

}  // namespace cdctl::local
