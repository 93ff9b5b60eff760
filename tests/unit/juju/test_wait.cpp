#include <catch2/catch.hpp>

#include "plugins/juju/client/wait.hpp"

using namespace cdctl;
using namespace cdctl::juju;

TEST_CASE("a repeat waits longer each time, and not beyond the deadline") {
  const auto begun = now();
  CHECK(pause_before_repeat(0, Deadline(std::chrono::seconds(10))));
  CHECK(now() - begun >= Millis(70));
  CHECK(now() - begun < std::chrono::seconds(5));
  const auto again = now();
  CHECK_FALSE(pause_before_repeat(4, Deadline(Millis(1000))));
  CHECK(now() - again < Millis(500));
}

TEST_CASE("a wait ends at the deadline without an error") {
  const auto begun = now();
  CHECK(wait_a_while(std::chrono::minutes(1), Deadline(Millis(20)), "waiting"));
  CHECK(now() - begun < std::chrono::seconds(10));
}

TEST_CASE("an interruption names what was done and what to do") {
  CHECK(stopped("deploying thumbs").what == "deploying thumbs: interrupted");
  CHECK(stopped("cutting thumbs", "run it again").what ==
        "cutting thumbs: interrupted; run it again");
}
