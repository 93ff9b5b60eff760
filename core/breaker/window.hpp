#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl::breaker {

/// What one rule has counted for one set: a ring of counters that together are as long as the
/// rule's window. It takes its memory with the first thing it counts, and then never more, however
/// much is counted. A count leaves the window up to a sixtieth of it late.
class RuleWindow {
 public:
  struct Sum {
    double hits = 0, total = 0;
  };
  static constexpr int k_blocks = 10;  ///< that a window is compared in
  using Blocks = std::array<Sum, k_blocks>;

  explicit RuleWindow(Millis window) : width_(std::max<std::int64_t>(window.count() / k_bins, 1)) {}

  void add(Time at, std::uint64_t hits, std::uint64_t total);
  /// Forgets what is older than the window at `clock`.
  void advance(Time clock);
  void clear();
  /// Forgets what was before `time`. Of the counter in which that lies only the last hit is left,
  /// if it came after it: how many of the others did is not known. Whether there was anything.
  bool forget_until(Time time);

  [[nodiscard]] std::uint64_t hits() const { return hits_; }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] Time first() const;                  ///< hit in the window; needs hits() > 0
  [[nodiscard]] Time last() const { return last_; }  ///< hit ever
  /// The last `period` in ten parts of equal length, the newest last.
  [[nodiscard]] Blocks blocks(Time clock, Millis period) const;

 private:
  static constexpr std::int64_t k_bins = 60;
  static constexpr std::size_t k_ring = 64;
  struct Bin {
    std::uint32_t hits = 0, total = 0, first = 0;  ///< first: milliseconds into the bin
  };
  [[nodiscard]] std::int64_t index(Time at) const { return at.time_since_epoch().count() / width_; }
  [[nodiscard]] Bin& bin(std::int64_t index) {
    return bins_[static_cast<std::size_t>(index) % k_ring];
  }
  [[nodiscard]] const Bin& bin(std::int64_t index) const {
    return bins_[static_cast<std::size_t>(index) % k_ring];
  }
  void forget_before(std::int64_t oldest);

  std::int64_t width_;                  ///< of a bin, in milliseconds
  std::int64_t head_ = 0, oldest_ = 0;  ///< bins in use: oldest_ to head_
  std::uint64_t hits_ = 0, total_ = 0;
  Time last_{};
  Time same_from_{}, same_until_{};  ///< a clock between these forgets nothing more than it did
  std::vector<Bin> bins_;
};

}  // namespace cdctl::breaker
