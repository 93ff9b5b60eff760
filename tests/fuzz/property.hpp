#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace cdctl::fuzz {

/// Ends the process with `what` when a property does not hold: a finding.
inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace cdctl::fuzz

/// Each harness defines it: libFuzzer calls it, or replay.cpp with the seeds. In the replay each
/// has another name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
