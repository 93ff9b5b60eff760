#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <cdctl/parallel.hpp>

using namespace cdctl;

TEST_CASE("each number is worked on once") {
  in_parallel(0, [](std::size_t) { FAIL("there is nothing to do"); });
  for (const std::size_t count : {1, 2, 1000}) {
    std::vector<std::atomic<int>> seen(count);
    in_parallel(count, [&](std::size_t i) { ++seen[i]; });
    for (const auto& times : seen) CHECK(times == 1);
  }
}

TEST_CASE("what waits does so at the same time") {
  std::atomic<int> now{0}, most{0};
  in_parallel(4, [&](std::size_t) {
    const int here = ++now;
    for (int before = most; before < here && !most.compare_exchange_weak(before, here);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    --now;
  });
  CHECK(most >= 2);
}
