#pragma once

#include <functional>
#include <string>
#include <vector>

#include <cdctl/roles.hpp>

namespace cdctl::cli {

/// One plugin's doctor at work.
struct Examination {
  std::string plugin;
  std::function<std::vector<Check>()> examine;
};

/// Runs all of them at once, each in a process of its own (a Host is for one thread), and gives
/// what they found, in order. One that says nothing by the deadline, or dies, becomes a check of
/// its own.
[[nodiscard]] std::vector<std::vector<Check>> examine_all(const std::vector<Examination>& all,
                                                          Millis timeout);

}  // namespace cdctl::cli
