#include <cdctl/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace cdctl {

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto some = [&] {
    for (auto i = next++; i < count; i = next++) work(i);
  };
  const auto most = std::max<std::size_t>(2 * std::thread::hardware_concurrency(), 2);
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(most, count); ++i) helpers.emplace_back(some);
  some();
}

}  // namespace cdctl
