#include <catch2/catch.hpp>

#include <cdctl/time.hpp>

using namespace cdctl;

TEST_CASE("times and durations survive their spelling") {
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-23T04:11:30.12Z")) == "2026-11-23T04:11:30.120Z");
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-23T06:11:30+02:00")) == "2026-11-23T04:11:30.000Z");
  CHECK(to_rfc3339(*parse_rfc3339("2024-02-29T23:59:60.999999999Z")) == "2024-03-01T00:00:00.999Z");
  for (const auto* bad :
       {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T04:11:30",
        "2026-11-23T04:11:30Zx", "2026-11-23T24:00:00Z", "-026-11-23T00:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
  for (const auto* text : {"0s", "500ms", "10s", "1h30m", "2d", "1w"})
    CHECK(to_duration(*parse_duration(text)) == text);
  for (const auto* bad :
       {"", "5", "-1s", "1x", "s", "1 h", "99999999999999999999s", "9999999999w"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("a deadline is the earlier of two, and never has negative time left") {
  CHECK(Deadline().left() == std::chrono::hours(24));
  CHECK_FALSE(Deadline().passed());
  CHECK(Deadline(Millis(-5)).left() == Millis(0));
  CHECK(Deadline(Millis(-5)).passed());
  CHECK(Deadline(Millis(60'000)).at_most(Millis(1000)).left() <= Millis(1000));
  CHECK(Deadline(Millis(1000)).at_most(Millis(60'000)).left() <= Millis(1000));
}

TEST_CASE("a deadline says what was given, and not what is left") {
  CHECK(Deadline(Millis(3000)).given() == "3s");
  CHECK(Deadline(Millis(250)).given() == "250ms");
  CHECK(Deadline().given() == "any time");
  CHECK(Deadline(Millis(3000)).at_most(Millis(1000)).given() == "1s");
  CHECK(Deadline(Millis(1000)).at_most(Millis(3000)).given() == "1s");
  CHECK(Deadline().at_most(Millis(500)).given() == "500ms");
  const Deadline passed(Millis(0));
  CHECK(passed.at_most(Millis(3000)).given() == "0s");
  const Deadline whole(Millis(3000));  // half of what is left of it is a little less than half
  CHECK(whole.at_most(whole.left() / 2).given() == "1s500ms");
}
