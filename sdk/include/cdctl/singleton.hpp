#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdctl {

// A process of which only one set of a service runs one: `beat = { count = 1, across = "service"
// }`. A switch names a program, its keeper, which holds a lock that all sets of the service share;
// the engine runs it beside the unit, with the unit's environment, and the two speak in lines:
//
//   keeper, on its standard output          engine, on the keeper's standard input
//   `yours`       the unit may run          `guard PID`  it runs: leader of its process group
//   `asked WHO`   a newer set wants it      `guard 0`    it does not
//   `lost WHY`    it must not run any more  `free`       nothing of it runs: let go of the lock
//   `note TEXT`   for the unit's log
//
// Before it says `lost` the keeper kills the process group that it guards, and it does the same
// when its standard input ends before `free`. Between `yours` and `lost` or `free` no other keeper
// of the lock says `yours`. It ends with its standard input, and with nothing else.

/// How a process is kept to one.
struct Keeper {
  std::vector<std::string> argv;  ///< no secret: those are in the environment of the unit
};

inline constexpr std::string_view k_keeper_yours = "yours", k_keeper_asked = "asked ",
                                  k_keeper_lost = "lost ", k_keeper_note = "note ",
                                  k_keeper_guard = "guard ", k_keeper_free = "free";

}  // namespace cdctl
