#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>

namespace cdctl::test {

/// MiB of this process that are in memory: `VmHWM` is the most since the last reset, `VmRSS` now.
inline std::size_t in_memory(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == what + ":") {
      std::size_t kib = 0;
      status >> kib;
      return kib / 1024;
    }
  return 0;
}

/// By how many MiB this process was larger at its peak, while it did something, than before.
template <class Work>
std::size_t peak_growth(Work&& work) {
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  const auto before = in_memory("VmRSS");
  work();
  return in_memory("VmHWM") - std::min(before, in_memory("VmHWM"));
}

}  // namespace cdctl::test
