#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bench {

/// The value below or at which a share of the samples lie (0 < share <= 1); 0.5 is the median.
/// Samples must not be empty.
[[nodiscard]] inline double quantile(std::vector<double> samples, double share) {
  std::ranges::sort(samples);
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples.size()) + 0.9999);
  return samples[std::clamp<std::size_t>(rank, 1, samples.size()) - 1];
}

}  // namespace bench
