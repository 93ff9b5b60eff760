#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Processes as /proc shows them. A pid alone is never signalled: it may be somebody else's by now.
// Pid and start time together name one process of this boot.

namespace cdctl::local {

struct ProcessId {
  pid_t pid = 0;
  unsigned long long start = 0;  ///< clock ticks since boot, field 22 of /proc/PID/stat
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

struct ProcessInfo : ProcessId {
  pid_t parent = 0, group = 0, session = 0;
  char state = '?';
  std::string name;
  [[nodiscard]] bool dead() const { return state == 'Z' || state == 'X'; }
  [[nodiscard]] bool stopped() const { return state == 'T' || state == 't'; }
};

[[nodiscard]] std::optional<ProcessInfo> look_at(pid_t pid);
/// Every process that we can see.
[[nodiscard]] std::vector<ProcessInfo> all_processes();
/// Whether the process is there and no zombie.
[[nodiscard]] bool runs(const ProcessId& process);

/// Whether the environment that the process was started with holds both lines (`NAME=value`).
[[nodiscard]] bool has_in_environment(pid_t pid, std::string_view first, std::string_view second);
/// Whether it was started with a variable of this name.
[[nodiscard]] bool has_variable(pid_t pid, std::string_view name);
/// Whether it has a handler of its own for the signal.
[[nodiscard]] bool catches(pid_t pid, int signal);
/// Where the link /proc/PID/NAME (cwd, exe, fd/0) points; empty when we may not know.
[[nodiscard]] std::string link_of(pid_t pid, const char* name);

enum class Sent { sent, gone, denied };
/// Signals exactly this process, through a pidfd.
Sent send_signal(const ProcessId& process, int signal);

/// Changes with every boot: what was recorded under another one is gone.
[[nodiscard]] std::string boot_id();

}  // namespace cdctl::local
