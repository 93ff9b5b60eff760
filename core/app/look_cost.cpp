#include "core/app/look_cost.hpp"

#include <algorithm>
#include <ctime>

namespace cdctl::app {

namespace {

Millis cpu_now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Millis(time.tv_sec * 1000 + time.tv_nsec / 1'000'000);
}

}  // namespace

LookCost::LookCost() : began_(std::chrono::steady_clock::now()), cpu_began_(cpu_now()) {}

Millis LookCost::took() const {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began_);
}

Millis LookCost::cpu() const { return cpu_now() - cpu_began_; }

Millis LookCost::pause(const LookShares& shares) const {
  return std::clamp(std::max(cpu() * shares.cpu, took() * shares.wall), shares.least,
                    std::max(shares.least, shares.most));
}

}  // namespace cdctl::app
