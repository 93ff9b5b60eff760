#pragma once

#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl {

/// Whether SIGINT or SIGTERM asked us to stop. The front end installs the handlers; anyone may
/// look. Safe in any thread.
class Stop {
 public:
  [[nodiscard]] static bool requested() { return signal() != 0; }
  [[nodiscard]] static int signal();
  /// A descriptor that is readable once a stop was requested: poll it beside your own. -1 before
  /// install().
  [[nodiscard]] static int fd();
  /// Installs the handlers for this process: the first signal is noted, the second leaves at once.
  static void install();
};

/// Waits for `time`, or until the deadline where that comes first. False, at once, when a stop was
/// requested.
bool pause_for(Millis time, const Deadline& deadline = Deadline());

/// A step boundary for the crash tests: when $CDCTL_TEST_CRASH_AT is `name`, the process ends
/// itself with SIGKILL; `name:2` means the second time, `~name` that it stands still there
/// (SIGSTOP). Does nothing otherwise (docs/testing.md).
void crash_point(std::string_view name);

}  // namespace cdctl
