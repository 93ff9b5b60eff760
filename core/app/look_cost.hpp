#pragma once

#include <chrono>
#include <cstdint>

#include <cdctl/time.hpp>

namespace cdctl::app {

/// How rare looks have to be, so that looking costs little: for a millisecond of our processor
/// time, and for one of the time of those who are asked, so many pass until the next one.
struct LookShares {
  std::int64_t cpu = 25;   ///< at most 4 % of a core for us,
  std::int64_t wall = 10;  ///< and a tenth of the time of who is asked
  Millis least{1000}, most{60'000};
};

/// What a look costs, from its making on.
class LookCost {
 public:
  LookCost();
  [[nodiscard]] Millis took() const;
  [[nodiscard]] Millis cpu() const;
  /// From its begin to that of the next one.
  [[nodiscard]] Millis pause(const LookShares& shares) const;

 private:
  std::chrono::steady_clock::time_point began_;
  Millis cpu_began_;
};

}  // namespace cdctl::app
