#pragma once

#include <algorithm>
#include <map>
#include <string>

#include <cdctl/time.hpp>

namespace cdctl {

/// How long the processes of a set get to end by themselves: from TERM to KILL.
struct Grace {
  Millis otherwise = std::chrono::seconds(10);  ///< of a process type that has none of its own
  std::map<std::string, Millis> own;            ///< by process type

  [[nodiscard]] Millis of(const std::string& process) const {
    const auto at = own.find(process);
    return at == own.end() ? otherwise : at->second;
  }
  [[nodiscard]] Millis longest() const {
    auto out = otherwise;
    for (const auto& [process, time] : own) out = std::max(out, time);
    return out;
  }
};

}  // namespace cdctl
