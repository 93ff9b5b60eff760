#pragma once

#include <algorithm>
#include <map>
#include <string>

#include <cdctl/time.hpp>

namespace cdctl {

/// How a unit is told to end, before it is made to.
struct StopWay {
  /// TERM goes to its main process alone, which ends its own helpers: these have work in hand.
  bool main_only = false;
  int again = 0;   ///< the number of a second signal, for "at once"; 0 = none
  Millis after{};  ///< when that is sent, from TERM on

  friend bool operator==(const StopWay&, const StopWay&) = default;
};

/// How long the processes of a set get to end by themselves: from TERM to KILL. And how they are
/// told.
struct Grace {
  Millis otherwise = std::chrono::seconds(10);  ///< of a process type that has none of its own
  std::map<std::string, Millis> own = {};       ///< by process type
  std::map<std::string, StopWay> ways = {};     ///< by process type; "" = of those not named

  [[nodiscard]] Millis of(const std::string& process) const {
    const auto at = own.find(process);
    return at == own.end() ? otherwise : at->second;
  }
  [[nodiscard]] StopWay way_of(const std::string& process) const {
    for (const auto& name : {process, std::string()})
      if (const auto at = ways.find(name); at != ways.end()) return at->second;
    return {};
  }
  [[nodiscard]] Millis longest() const {
    auto out = otherwise;
    for (const auto& [process, time] : own) out = std::max(out, time);
    return out;
  }
};

}  // namespace cdctl
