#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

namespace verdicts {

/// Chance that falls the same on every machine: the generator is the standard's, the distributions
/// are not left to a library.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  double share() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * share(); }
  /// Evenly over the orders of magnitude.
  double magnitude(double low, double high) { return low * std::pow(high / low, share()); }
  int whole(int low, int high) { return low + static_cast<int>(share() * (high - low + 1)); }
  bool happens(double chance) { return share() < chance; }
  std::uint64_t word() { return engine_(); }

  std::uint64_t poisson(double mean) {
    if (mean > 60)
      return static_cast<std::uint64_t>(
          std::max(0.0, std::round(mean + std::sqrt(mean) * normal())));
    std::uint64_t out = 0;
    for (double left = std::exp(-mean), product = share(); product > left; product *= share())
      ++out;
    return out;
  }
  std::uint64_t binomial(std::uint64_t n, double p) {
    const double mean = static_cast<double>(n) * p;
    if (n > 200 && mean > 30 && mean < static_cast<double>(n) - 30)
      return static_cast<std::uint64_t>(std::clamp(
          std::round(mean + std::sqrt(mean * (1 - p)) * normal()), 0.0, static_cast<double>(n)));
    if (n > 200 && mean <= 30) return std::min(n, poisson(mean));
    std::uint64_t out = 0;
    for (std::uint64_t i = 0; i < n; ++i) out += share() < p;
    return out;
  }

 private:
  double normal() {
    return std::sqrt(-2 * std::log(1 - share())) * std::cos(6.283185307179586 * share());
  }
  std::mt19937_64 engine_;
};

}  // namespace verdicts
