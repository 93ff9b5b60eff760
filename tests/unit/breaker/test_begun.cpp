#include <catch2/catch.hpp>

#include "tests/unit/breaker/fixture.hpp"

using namespace cdctl;
using namespace cdctl::breaker;
using namespace std::chrono_literals;
using namespace breaker_test;

namespace {

const auto k_bad = set_of('a');

}  // namespace

TEST_CASE("what is critical after a mend is said at once, also within the open time") {
  Fixture f({"critical >= 1"});
  f.add(k_bad, Severity::critical, 0s);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
  f.add(k_bad, Severity::critical, 5s);  // nobody mended it
  CHECK(f.said(k_bad).size() == 1);
  f.begun[k_bad] = k_start + 10s;
  f.add(k_bad, Severity::critical, 20s);
  REQUIRE(f.said(k_bad) == Said{"unhealthy", "unhealthy"});
  CHECK(f.verdicts[1]["times"].as_int() == 2);
  CHECK(f.verdicts[1]["evidence"]["count"].as_int() == 1);
  CHECK(*parse_rfc3339(f.verdicts[1]["evidence"]["first"].view()) == k_start + 20s);
  f.add(k_bad, Severity::critical, 22s);
  f.tick(30s);
  CHECK(f.said(k_bad).size() == 2);
  f.begun[k_bad] = k_start + 31s;
  f.add(k_bad, Severity::critical, 32s);
  CHECK(f.said(k_bad).size() == 3);
}

TEST_CASE("a mend that nobody knew of when the signal came is heard of a moment later") {
  Fixture f({"critical >= 1"});
  f.add(k_bad, Severity::critical, 0s);
  f.add(k_bad, Severity::critical, 1200ms);  // asked, and not mended
  f.begun[k_bad] = k_start + 1400ms;
  f.add(k_bad, Severity::critical, 1500ms);  // no second question within a second
  CHECK(f.said(k_bad).size() == 1);
  f.tick(4s);
  REQUIRE(f.said(k_bad).size() == 2);
  CHECK(f.verdicts[1]["evidence"]["count"].as_int() == 1);
}

TEST_CASE("what came within a second of the last question is asked about when that is over") {
  Fixture f({"critical >= 1"});
  f.ahead = GENERATE(Millis(0), Millis(5s), Millis(-5s));
  CAPTURE(f.ahead.count());
  f.add(k_bad, Severity::critical, 0s);
  CHECK(f.said(k_bad).size() == 1);
  f.begun[k_bad] = k_start + 300ms;
  f.add(k_bad, Severity::critical, 500ms);
  CHECK(f.said(k_bad).size() == 1);
  SECTION("while the input is quiet") {
    f.tick(1500ms);
    CHECK(f.said(k_bad).size() == 2);
  }
  SECTION("at the end of the input") {
    f.breaker.settle(k_start + 600ms);
    CHECK(f.said(k_bad).size() == 1);
    REQUIRE(f.breaker.next_due());
    CHECK(*f.breaker.next_due() == k_start + 1s);
    f.breaker.settle(k_start + 1001ms);
    CHECK(f.said(k_bad).size() == 2);
    CHECK_FALSE(f.breaker.next_due());
  }
  SECTION("of nobody who can say") {
    f.silent = true;
    f.breaker.settle(k_start + 2s);
    CHECK_FALSE(f.breaker.next_due());
    CHECK(f.said(k_bad).size() == 1);
    f.silent = false;
  }
}

TEST_CASE("what came while nobody could say is asked about when somebody can") {
  Fixture f({"critical >= 1 in 10m"});
  f.add(k_bad, Severity::critical, 0s);
  CHECK(f.said(k_bad).size() == 1);
  const bool mended = GENERATE(true, false);
  CAPTURE(mended);
  f.silent = true;
  if (mended) f.begun[k_bad] = k_start + 5s;
  f.add(k_bad, Severity::critical, 6s);  // and nothing after it
  for (int i = 7; i < 20; ++i) f.tick(1s * i);
  CHECK(f.said(k_bad).size() == 1);
  f.silent = false;
  for (int i = 20; i < 30; ++i) f.tick(1s * i);
  CHECK(f.said(k_bad).size() == (mended ? 2 : 1));
  CHECK_FALSE(f.breaker.next_due());
  const auto asked = f.asked;
  for (int i = 30; i < 40; ++i) f.tick(1s * i);
  CHECK(f.asked == asked);  // all is known
}

TEST_CASE("the end of the input is reached whatever cannot be asked") {
  Fixture f({"critical >= 1"});
  const auto other = set_of('b');
  const bool blocked = GENERATE(true, false);
  CAPTURE(blocked);
  if (blocked) f.breaker.block("thumbs", "its rules cannot be read");
  f.add(k_bad, Severity::critical, 0s);
  f.add(other, Severity::critical, 200ms);
  f.add(k_bad, Severity::critical, 300ms);
  f.breaker.settle(k_start + 10s);
  CHECK_FALSE(f.breaker.next_due());
}

TEST_CASE("a set that was mended a moment ago excuses no other") {
  Fixture f({"critical >= 1"});
  const auto other = set_of('b');
  f.add(other, Severity::info, 0s);
  f.add(k_bad, Severity::critical, 1s);
  CHECK(f.said(k_bad).size() == 1);
  const bool mended = GENERATE(true, false);
  CAPTURE(mended);
  if (mended) f.begun[k_bad] = k_start + 1300ms;
  f.add(other, Severity::critical, 1500ms);
  const auto expected = mended ? Said{"unhealthy"} : Said{"undecided everyone"};
  CHECK(f.said(other).empty());
  SECTION("while the input is quiet") {
    f.tick(2500ms);
    CHECK(f.said(other) == expected);
  }
  SECTION("while others go on") {
    f.add(other, Severity::info, 2100ms);
    f.add(other, Severity::info, 3600ms);
    CHECK(f.said(other) == expected);
  }
  SECTION("at the end of the input") {
    f.breaker.settle(k_start + 1600ms);
    CHECK(f.said(other).empty());
    REQUIRE(f.breaker.next_due());
    f.breaker.settle(k_start + 2600ms);
    CHECK(f.said(other) == expected);
    CHECK_FALSE(f.breaker.next_due());
  }
}

TEST_CASE("sets that were mended a moment ago excuse none that is heard of only then") {
  Fixture f({"critical >= 1"});
  const auto second = set_of('b'), third = set_of('c');
  f.add(k_bad, Severity::info, 0s);
  f.add(second, Severity::info, 0s);
  f.add(k_bad, Severity::critical, 1s);
  f.add(second, Severity::critical, 3s);
  CHECK(f.said(second) == Said{"undecided everyone"});
  const bool mended = GENERATE(true, false);
  CAPTURE(mended);
  if (mended) f.begun[k_bad] = f.begun[second] = k_start + 3300ms;
  f.add(third, Severity::critical, 3500ms);
  CHECK(f.said(third).empty());
  f.tick(5s);
  CHECK(f.said(third) == (mended ? Said{"unhealthy"} : Said{"undecided everyone"}));
}

TEST_CASE("services that were mended a moment ago excuse no other") {
  Fixture f({"critical >= 1 in 10m"});
  const auto p = set_of('a', "p"), q = set_of('a', "q"), r = set_of('a', "r");
  f.add(p, Severity::critical, 0s);
  f.add(q, Severity::critical, 200ms);
  CHECK(f.said(p) == Said{"unhealthy"});
  CHECK(f.said(q) == Said{"unhealthy"});
  const bool mended = GENERATE(true, false);
  CAPTURE(mended);
  if (mended) f.begun[p] = f.begun[q] = k_start + 500ms;
  f.add(r, Severity::critical, 700ms);
  CHECK(f.said(r).empty());
  const auto expected = mended ? Said{"unhealthy"} : Said{"undecided everywhere"};
  SECTION("while the input is quiet") {
    f.tick(1800ms);
    CHECK(f.said(r) == expected);
    CHECK(f.loud() == (mended ? 0 : 1));
  }
  SECTION("while others go on") {
    const auto other = set_of('a', "x");
    f.add(other, Severity::info, 1100ms);
    f.add(other, Severity::info, 2600ms);
    CHECK(f.said(r) == expected);
  }
  SECTION("at the end of the input") {
    f.breaker.settle(k_start + 900ms);
    CHECK(f.said(r).empty());
    REQUIRE(f.breaker.next_due());
    CHECK(*f.breaker.next_due() == k_start + 1700ms);
    f.clock = k_start + 1800ms;
    f.breaker.settle(f.clock);
    CHECK(f.said(r) == expected);
    CHECK_FALSE(f.breaker.next_due());
  }
  if (!mended) CHECK(f.said(p) == Said{"unhealthy", "undecided everywhere"});
}

TEST_CASE("one that goes bad while many services are goes with them only if they still are") {
  Fixture f({"critical >= 1 in 20m"});
  const std::vector<std::string> three{set_of('a', "p"), set_of('a', "q"), set_of('a', "r")};
  for (int i = 0; i < 3; ++i) f.add(three[static_cast<std::size_t>(i)], Severity::critical, 2s * i);
  for (const auto& set : three) CHECK(f.said(set).back() == "undecided everywhere");
  const bool mended = GENERATE(true, false);
  CAPTURE(mended);
  if (mended)
    for (const auto& set : three) f.begun[set] = k_start + 5s;
  const auto late = set_of('a', "s");
  f.add(late, Severity::critical, 6s);
  CHECK(f.said(late).empty());
  const auto expected = mended ? Said{"unhealthy"} : Said{"undecided everywhere"};
  SECTION("while the input is quiet") {
    for (int i = 7; i < 16; ++i) f.tick(1s * i);
    CHECK(f.said(late) == expected);
  }
  SECTION("at the end of the input") {
    REQUIRE(f.breaker.next_due());
    CHECK(*f.breaker.next_due() <= k_start + 16s);
    f.clock = k_start + 16s;
    f.breaker.settle(f.clock);
    CHECK(f.said(late) == expected);
    CHECK_FALSE(f.breaker.next_due());
  }
}

TEST_CASE("whoever cannot say for long decides nothing") {
  Fixture f({"critical >= 1 in 10m"});
  f.stale = true;
  for (int i = 0; i < 3; ++i)
    f.add(set_of('a', std::string(1, static_cast<char>('p' + i))), Severity::critical, 100ms * i);
  CHECK(f.said(set_of('a', "r")).empty());
  for (int i = 1; i < 40; ++i) f.tick(1s * i);
  CHECK(f.said(set_of('a', "r")) == Said{"undecided everywhere"});
}

TEST_CASE("what was said before a mend counts no more") {
  Fixture f({"errors >= 4 in 1m"});
  for (int i = 0; i < 4; ++i) f.add(k_bad, Severity::error, 1s * i);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
  f.begun[k_bad] = k_start + 10s;
  f.add(k_bad, Severity::error, 12s);
  f.tick(15s);
  CHECK(f.said(k_bad).size() == 1);
  f.add(k_bad, Severity::error, 16s);  // on trial half as many are enough
  CHECK(f.said(k_bad).size() == 2);
}

TEST_CASE("a mend is heard of before a set is called unhealthy for the first time, too") {
  Fixture f({"errors >= 4 in 1m"});
  for (int i = 0; i < 3; ++i) f.add(k_bad, Severity::error, 1s * i);
  f.begun[k_bad] = k_start + 10s;  // cut and mended by somebody else
  f.add(k_bad, Severity::error, 12s);
  f.tick(14s);
  CHECK(f.said(k_bad).empty());
  f.begun[k_bad] = k_start + 11s;
  for (int i = 0; i < 3; ++i) f.add(k_bad, Severity::error, 15s + 1s * i);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
}

TEST_CASE("a mended set that stays well is called healthy") {
  Fixture f({"critical >= 1"});
  f.add(k_bad, Severity::critical, 0s);
  f.begun[k_bad] = k_start + 3s;
  f.add(k_bad, Severity::critical, 4s);
  f.begun[k_bad] = k_start + 6s;
  f.add(k_bad, Severity::error, 7s);
  f.tick(20min);
  CHECK(f.said(k_bad) == Said{"unhealthy", "unhealthy", "healthy"});
}

TEST_CASE("a late signal from before the mend does not count") {
  Fixture f({"critical >= 1"});
  f.add(k_bad, Severity::critical, 0s);
  f.begun[k_bad] = k_start + 10s;
  f.add(k_bad, Severity::error, 12s);
  breaker::Observation late;
  late.set = k_bad;
  late.signal = "oops";
  late.severity = Severity::critical;
  late.time = k_start + 9s;
  late.received = k_start + 13s;
  f.breaker.add(late);
  f.tick(14s);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
}

TEST_CASE("what was mended counts neither for everyone nor for everywhere") {
  SECTION("everyone") {
    Fixture f({"critical >= 1 in 10m"});
    f.add(set_of('b'), Severity::info, 0s);
    f.add(k_bad, Severity::critical, 1s);
    CHECK(f.said(k_bad) == Said{"unhealthy"});
    f.begun[k_bad] = k_start + 1min;
    f.add(k_bad, Severity::info, 2min);
    f.add(set_of('b'), Severity::critical, 2min + 10s);
    CHECK(f.said(set_of('b')) == Said{"unhealthy"});
    CHECK(f.said(k_bad).size() == 1);
    CHECK(f.loud() == 0);
  }
  SECTION("everyone, who are still bad") {
    Fixture f({"critical >= 1 in 10m"});
    f.add(set_of('b'), Severity::info, 0s);
    f.add(k_bad, Severity::critical, 1s);
    f.begun[k_bad] = k_start + 1min;
    f.add(k_bad, Severity::critical, 2min);
    f.add(set_of('b'), Severity::critical, 2min + 10s);
    CHECK(f.said(set_of('b')) == Said{"undecided everyone"});
  }
  SECTION("everywhere") {
    const auto run = [](bool mended) {
      Fixture f({"critical >= 1 in 20m"});
      for (int i = 0; i < 4; ++i) {
        const std::string service(1, static_cast<char>('p' + i));
        const auto set = set_of('b', service);
        f.add(set_of('a', service), Severity::info, 2min * i);
        f.add(set, Severity::critical, 2min * i);
        if (mended) f.begun[set] = k_start + 2min * i + 1min;
      }
      f.tick(6min + 11s);
      return std::pair(f.said(set_of('b', "s")), f.loud());
    };
    CHECK(run(true) == std::pair(Said{"unhealthy"}, std::size_t{0}));
    CHECK(run(false).first == Said{"undecided everywhere"});
  }
}

TEST_CASE("a memory is asked once a second at most, and one that is silent changes nothing") {
  Fixture f({"critical >= 1"});
  f.silent = GENERATE(false, true);
  for (int i = 0; i < 10'000; ++i) f.add(k_bad, Severity::critical, 1ms * i);
  CHECK(f.asked <= 12);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
}

TEST_CASE("a breaker that looks back knows the mend from the start") {
  Fixture f({"critical >= 1"});
  f.wall = k_start + 4min;
  f.begun[k_bad] = k_start + 2min;
  f.add(k_bad, Severity::critical, 1min, true);
  CHECK(f.said(k_bad).empty());
  f.add(k_bad, Severity::critical, 3min, true);
  CHECK(f.said(k_bad) == Said{"unhealthy"});
}
