#include <catch2/catch.hpp>

#include "core/actions/unit_policy.hpp"

using namespace cdctl;
using namespace cdctl::actions;

namespace {

/// A process of one set, looked at once a minute.
struct Watched {
  ScaleBounds bounds{1, 8, {}, std::chrono::minutes(5), std::chrono::minutes(10)};
  PaceMemory memory;
  Time at = now();
  std::int64_t published = 0, done = 0;

  UnitWish look(std::int64_t units, std::int64_t waiting, std::int64_t others = 0) {
    // The memory goes through the file that it is kept in
    memory = pace_memory_from_json(*Json::parse(to_json(memory).dump()));
    return wish_for(bounds, units, others, {at, waiting, units, published, done}, memory);
  }
  /// A minute later, in which so many came and so many were done.
  UnitWish minute(std::int64_t units, std::int64_t waiting, std::int64_t came, std::int64_t did,
                  std::int64_t others = 0) {
    at += std::chrono::minutes(1);
    published += came;
    done += did;
    return look(units, waiting, others);
  }
};

}  // namespace

TEST_CASE("no wish without figures, and each says why") {
  Watched watched;
  auto wish = watched.look(2, 500);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("first look"));
  wish = watched.look(2, 500);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("just now"));
  wish = watched.minute(2, 900, 400, 0);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("none was finished"));
  watched.done = 50;
  (void)watched.minute(2, 900, 0, 0);
  watched.done = 0;
  wish = watched.minute(2, 900, 0, 0);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("count anew"));
  watched.done = 0;
  (void)watched.minute(2, 900, 0, 0);
  watched.at += std::chrono::hours(2);
  wish = watched.look(2, 900);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("ago"));
  PaceMemory memory;
  wish = wish_for(watched.bounds, 2, 0, {watched.at, 10, 0, {}, {}}, memory);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("counted nothing"));
}

TEST_CASE("the bounds hold without any figures") {
  Watched watched;
  watched.bounds.min = 2;
  CHECK(watched.look(1, 0).units == 2);
  CHECK(watched.look(9, 0).units == 8);
}

TEST_CASE("more units when what waits would take too long, at most twice as many") {
  Watched watched;
  (void)watched.look(2, 1200);
  // Two units do 2/s; 2/s come, and 1200 are to be done in 5 minutes: 6/s are needed
  auto wish = watched.minute(2, 1200, 120, 120);
  REQUIRE(wish.unit_per_s);
  CHECK(*wish.unit_per_s == Approx(1.0));
  CHECK(wish.units == 4);
  // Nobody has acted on it: it is said again
  CHECK(watched.minute(2, 1200, 120, 120).units == 4);
  // The look at other numbers than before gives no rates
  CHECK_FALSE(watched.minute(4, 1100, 120, 220).units);
  CHECK(watched.minute(4, 1000, 120, 240).units == 6);
  CHECK_FALSE(watched.minute(6, 500, 120, 500).units);
  // It keeps up, and what waits goes
  const auto enough = watched.minute(6, 400, 120, 360);
  CHECK_FALSE(enough.units);
}

TEST_CASE("a handful that waits is no backlog, and max is max") {
  Watched watched;
  watched.bounds.max = 3;
  (void)watched.look(2, 1200);
  CHECK(watched.minute(2, 1200, 120, 120).units == 3);
  (void)watched.minute(3, 1200, 120, 120);
  const auto wish = watched.minute(3, 1200, 120, 180);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("its max"));
  CHECK_FALSE(watched.minute(3, 2, 600, 180).units);
}

TEST_CASE("fewer units only when fewer have been enough for long, and never by more than half") {
  Watched watched;
  watched.memory.unit_per_s = 1.0;
  (void)watched.look(8, 0);
  UnitWish wish;
  for (int minute = 1; minute <= 10; ++minute) {
    wish = watched.minute(8, 0, 60, 60);
    INFO(minute << ": " << wish.why);
    CHECK_FALSE(wish.units);
  }
  wish = watched.minute(8, 0, 60, 60);
  CHECK(wish.units == 4);
  (void)watched.minute(4, 0, 60, 60);
  // One busy minute begins the wait anew
  for (int minute = 1; minute <= 5; ++minute) CHECK_FALSE(watched.minute(4, 0, 60, 60).units);
  CHECK_FALSE(watched.minute(4, 0, 230, 230).units);
  for (int minute = 1; minute <= 10; ++minute) CHECK_FALSE(watched.minute(4, 0, 60, 60).units);
  CHECK(watched.minute(4, 0, 60, 60).units == 2);
}

TEST_CASE("a load between two numbers of units does not flap") {
  Watched watched;
  watched.memory.unit_per_s = 1.0;
  (void)watched.look(4, 0);
  std::int64_t units = 4;
  int changes = 0;
  for (int minute = 0; minute < 120; ++minute) {
    // A load of 2.9 units, with a little noise
    const auto came = 174 + (minute % 3 - 1) * 6;
    const auto wish = watched.minute(units, 0, came, came);
    if (!wish.units) continue;
    ++changes;
    units = *wish.units;
  }
  CHECK(changes <= 1);
  CHECK(units >= 3);
}

TEST_CASE("a pace that was never seen is found by one unit less at a time") {
  Watched watched;
  watched.bounds.settle = std::chrono::minutes(2);
  (void)watched.look(5, 0);
  CHECK_FALSE(watched.minute(5, 0, 10, 10).units);
  CHECK_FALSE(watched.minute(5, 0, 10, 10).units);
  CHECK(watched.minute(5, 0, 10, 10).units == 4);
  // What has just begun to wait tells no pace yet
  (void)watched.minute(4, 0, 10, 10);
  const auto wish = watched.minute(4, 300, 310, 10);
  CHECK_FALSE(wish.units);
  CHECK(wish.why.contains("pace"));
}

TEST_CASE("the units of other sets count, and are left as they are") {
  Watched watched;
  (void)watched.look(1, 1200, 3);
  // Four units do 4/s; 4/s come and 4/s for what waits: 8 are needed, and 3 are others'
  CHECK(watched.minute(1, 1200, 240, 240, 3).units == 5);
}
