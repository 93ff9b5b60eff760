#pragma once

#include <vector>

#include "plugins/local/procfs.hpp"

namespace cdctl::local {

/// Who has to hear that a unit shall end, of the process `first` that was started for it and of
/// `all`: `first` itself, and what it has started while it is a shell that only waits for that. So
/// `./run`, `a && b` and `a | tee log` reach the worker that a person means, and none of its
/// helpers. A shell with a trap for TERM decides for itself; who reads from another's pipe ends
/// when that does.
[[nodiscard]] std::vector<ProcessInfo> main_processes(const ProcessInfo& first,
                                                      const std::vector<ProcessInfo>& all);

/// The same of all processes of a unit whose first one may be gone: then of those that it has left.
[[nodiscard]] std::vector<ProcessInfo> main_processes(const std::vector<ProcessInfo>& unit);

}  // namespace cdctl::local
