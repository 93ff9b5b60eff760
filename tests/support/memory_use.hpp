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

/// Whether a sanitizer keeps memory of its own for what we hold and give back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool k_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool k_sanitized = true;
#else
inline constexpr bool k_sanitized = false;
#endif
#else
inline constexpr bool k_sanitized = false;
#endif

/// By how many MiB this process was larger at its peak, while it did something, than before. 0
/// under a sanitizer, where the number would be the sanitizer's.
template <class Work>
std::size_t peak_growth(Work&& work) {
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  const auto before = in_memory("VmRSS");
  work();
  if (k_sanitized) return 0;
  return in_memory("VmHWM") - std::min(before, in_memory("VmHWM"));
}

}  // namespace cdctl::test
