#include <catch2/catch.hpp>

#include "core/breaker/comparison.hpp"
#include "core/breaker/rule.hpp"
#include "core/breaker/statistics.hpp"

using namespace cdctl;
using namespace cdctl::breaker;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const Time k_start = *parse_rfc3339("2026-11-23T04:00:00Z");

/// A window of ten minutes that got so much each ten seconds.
breaker::RuleWindow steady(std::uint64_t hits, std::uint64_t total, Millis window = 10min) {
  breaker::RuleWindow out(window);
  for (Millis at = 0s; at < window; at += 10s) out.add(k_start + at, hits, total);
  return out;
}
breaker::Side side(std::string_view set, const breaker::RuleWindow& window, double units = 1) {
  return {set, &window, units, 10min, true};
}

}  // namespace

TEST_CASE("every part of a rule is read") {
  const auto rule = *breaker::Rule::parse(
      "failure-rate > 2.5x baseline else 15% in 10m of at least 30 after 2m for 1m unless everyone "
      "in 5s");
  CHECK(rule.kind == breaker::Rule::Kind::rate);
  CHECK(rule.subject == breaker::Rule::Subject::failures);
  CHECK(rule.times == 2.5);
  CHECK(rule.share == Approx(0.15));
  CHECK(rule.at_least == 30);
  CHECK(rule.window == 10min);
  CHECK(rule.after == 2min);
  CHECK(rule.hold == 1min);
  CHECK(rule.settle == 5s);
  CHECK(breaker::Rule::parse("failure-rate > 2x baseline in 5m")->relative());
  CHECK(breaker::Rule::parse("failure-rate > 20% in 5m")->share == Approx(0.2));
  CHECK(breaker::Rule::parse("'redelivered' rate > 3%")->signal == "redelivered");
  CHECK(breaker::Rule::parse("errors rate >= 1% in 1h")->kind == breaker::Rule::Kind::rate);
  CHECK(breaker::Rule::parse("failures >= 20 in a row in 1h")->kind == breaker::Rule::Kind::row);
  CHECK(breaker::Rule::parse("errors > 3x baseline else 12 in 10m")->count == 12);
}

TEST_CASE("that nobody works on a service is counted by no rule but one that names it") {
  const auto matches = [](const char* rule, std::string_view signal) {
    return breaker::Rule::parse(rule)->matches(Severity::critical, signal);
  };
  for (const char* rule : {"critical >= 1", "errors >= 1", "signals >= 1", "failure-rate > 5%"}) {
    CHECK(matches(rule, "oops"));
    CHECK_FALSE(matches(rule, k_outage_signal));
  }
  CHECK(matches("'service/outage' >= 1", k_outage_signal));
}

TEST_CASE("a bad rule is named by its column") {
  const std::pair<std::string_view, std::string_view> bad[] = {
      {"failure-rate > 20", "column 16: expected a percentage"},
      {"failure-rate > 120% in 5m", "column 16"},
      {"failure-rate >= 0%", "column 17: a rule that holds without any failure"},
      {"failure-rate > 2x in 5m", "column 19: expected 'baseline'"},
      {"failure-rate > 0.5x baseline", "column 16: expected how many times"},
      {"errors > nanx baseline", "column 10"},
      {"failure-rate > 5% in a row", "column 19: a rate or a baseline has no row"},
      {"errors >= 5 of 3", "column 16: expected 'of at least N'"},
      {"errors >= 5 in 1m in 2m", "column 22: said twice"},
      {"errors >= 5 unless 5s", "column 20: expected 'unless everyone"},
      {"errors >= 5 for 0s", "column 17: expected a duration"},
      {"errors >= 5 in 99w", "at most 1w"},
      {"errors >= 5 of at least 99999999", "from 1 to 1000000"},
  };
  for (const auto& [text, why] : bad) {
    INFO(text);
    const auto rule = breaker::Rule::parse(text);
    REQUIRE_FALSE(rule);
    CHECK(rule.error().exit == ExitCode::usage);
    CHECK_THAT(rule.error().what, Contains(std::string(why)));
  }
}

TEST_CASE("the default rules are six, and can be read") {
  CHECK(breaker::default_rules().size() == 6);
  for (const auto& text : breaker::default_rules()) CHECK(breaker::Rule::parse(text));
}

TEST_CASE("the exact tests give the known tails") {
  CHECK(breaker::tail_of_shares(5, 5, 0, 5) == Approx(1.0 / 252));    // 5 of 5 against 0 of 5
  CHECK(breaker::tail_of_shares(3, 4, 1, 4) == Approx(17.0 / 70));    // the lady who tasted tea
  CHECK(breaker::tail_of_counts(10, 1, 0, 1) == Approx(1.0 / 1024));  // ten heads
  CHECK(breaker::tail_of_counts(8, 1, 2, 1) == Approx(56.0 / 1024));  // eight or more of ten
  CHECK(breaker::tail_of_shares(10, 1000, 10, 1000) == 1);
  CHECK(breaker::tail_of_shares(0, 0, 0, 0) == 1);
  CHECK(breaker::tail_of_shares(500'000, 1'000'000, 100'000, 1'000'000) < 1e-300);
}

TEST_CASE("a window forgets, counts late arrivals and stays small") {
  breaker::RuleWindow window(1min);
  window.add(k_start, 1, 1);
  window.add(k_start + 30s, 2, 5);
  window.add(k_start + 10s, 1, 1);
  CHECK(window.hits() == 4);
  CHECK(window.first() == k_start);
  CHECK(window.last() == k_start + 30s);
  window.advance(k_start + 65s);
  CHECK(window.hits() == 3);
  CHECK(window.first() == k_start + 10s);
  window.add(k_start - 10min, 1, 1);  // beyond the window: too late to count
  CHECK(window.hits() == 3);
  window.add(k_start + 24h, 1, 1);
  CHECK(window.hits() == 1);
  window.add(k_start + 24h, 1ull << 40, 1ull << 40);  // no counter overflows
  CHECK(window.hits() == 0xffffffffull);
  window.advance(k_start + 25h);
  CHECK(window.hits() == 0);
}

TEST_CASE("a set is compared with its peers by share and by chance") {
  const auto rule =
      *breaker::Rule::parse("failure-rate > 2.5x baseline else 15% in 10m of at least 30");
  const auto clock = k_start + 10min;
  const auto good = steady(2, 100), bad = steady(20, 100), noisy = steady(18, 100),
             few = steady(1, 4);
  const breaker::Side peers[] = {side("b", good), side("c", good)};
  const auto found = breaker::read_rule(rule, side("a", bad), peers, clock, false);
  CHECK(found.state == breaker::Reading::State::bad);
  CHECK(found.basis == breaker::Reading::Basis::peers);
  CHECK(found.value == Approx(10));
  CHECK(found.chance < 1e-100);
  CHECK(found.peers.size() == 1);  // the better half
  const breaker::Side alike[] = {side("b", noisy)};
  CHECK(breaker::read_rule(rule, side("a", bad), alike, clock, false).state ==
        breaker::Reading::State::shared);
  CHECK(breaker::read_rule(rule, side("a", good), alike, clock, false).state ==
        breaker::Reading::State::quiet);
  // Alone it is held to the share that the rule names.
  const auto alone = breaker::read_rule(rule, side("a", bad), {}, clock, false);
  CHECK(alone.state == breaker::Reading::State::bad);
  CHECK(alone.basis == breaker::Reading::Basis::absolute);
  CHECK(alone.why == "no peer qualifies");
  CHECK(breaker::read_rule(rule, side("a", good), {}, clock, false).state ==
        breaker::Reading::State::quiet);
  const auto both =
      *breaker::Rule::parse("failure-rate > 2.5x baseline and 30% in 10m of at least 30");
  CHECK(breaker::read_rule(both, side("a", bad), peers, clock, false).why ==
        "not so much by itself");
  CHECK(breaker::read_rule(both, side("a", steady(31, 100)), peers, clock, false).state ==
        breaker::Reading::State::bad);
  // Two bad ones do not hide each other.
  const breaker::Side mixed[] = {side("b", bad), side("c", good)};
  CHECK(breaker::read_rule(rule, side("a", bad), mixed, clock, false).state ==
        breaker::Reading::State::bad);
  CHECK(breaker::read_rule(rule, side("a", few), peers, clock, false).state ==
        breaker::Reading::State::bad);
}

TEST_CASE("a sample that is too small, and one burst, do not carry a comparison") {
  const auto rule =
      *breaker::Rule::parse("failure-rate > 2.5x baseline else 15% in 10m of at least 30");
  const auto clock = k_start + 10min;
  breaker::RuleWindow small(10min), burst = steady(0, 100);
  for (int i = 0; i < 5; ++i) small.add(k_start + 1min * i, 4, 5);
  CHECK(breaker::read_rule(rule, side("a", small), {}, clock, false).state ==
        breaker::Reading::State::too_few);
  for (int i = 0; i < 12; ++i) burst.add(k_start + 5min + 10s * i, 100, 0);  // two minutes of it
  const auto good = steady(1, 100);
  const breaker::Side peers[] = {side("b", good)};
  CHECK(breaker::read_rule(rule, side("a", burst), peers, clock, false).state ==
        breaker::Reading::State::quiet);
  CHECK(breaker::read_rule(rule, side("a", burst), {}, clock, false).why == "one burst");
}

TEST_CASE("trouble that comes and goes is more than one burst") {
  const auto rule =
      *breaker::Rule::parse("failure-rate > 2.5x baseline else 15% in 10m of at least 30");
  breaker::RuleWindow flapping(10min), burst(10min);
  for (int i = 0; i < 60; ++i) {
    flapping.add(k_start + 10s * i, i % 18 < 9 ? 45 : 0,
                 100);  // a minute and a half of it, and as long without
    burst.add(k_start + 10s * i, i >= 20 && i < 38 ? 100 : 1, 100);
  }
  const auto clock = k_start + 10min;
  CHECK(breaker::read_rule(rule, side("a", flapping), {}, clock, false).state ==
        breaker::Reading::State::bad);
  CHECK(breaker::read_rule(rule, side("a", burst), {}, clock, false).why == "one burst");
}

TEST_CASE("without counts a rate is unknown, and numbers are compared by worker") {
  const auto clock = k_start + 10min;
  const auto many = steady(3, 0), some = steady(1, 0);
  const breaker::Side told[] = {{"b", &some, 1, 10min, false}};
  CHECK(breaker::read_rule(*breaker::Rule::parse("failure-rate > 2x baseline in 10m"),
                           {"a", &many, 1, 10min, false}, told, clock, false)
            .why == "no counts");
  const auto rule = *breaker::Rule::parse("errors > 2x baseline else 20 in 10m");
  CHECK(breaker::read_rule(rule, {"a", &many, 1, 10min, false}, told, clock, false).state ==
        breaker::Reading::State::bad);
  CHECK(breaker::read_rule(rule, {"a", &many, 3, 10min, false}, told, clock, false).state ==
        breaker::Reading::State::shared);
}

TEST_CASE("it is harder to trip than to stay tripped") {
  const auto rule = *breaker::Rule::parse("failure-rate > 20% in 10m");
  const auto half = steady(15, 100);
  CHECK(breaker::read_absolute(rule, side("a", half), false).state ==
        breaker::Reading::State::quiet);
  CHECK(breaker::read_absolute(rule, side("a", half), true).state == breaker::Reading::State::bad);
  const auto relative = *breaker::Rule::parse("failure-rate > 3x baseline else 90% in 10m");
  const auto mine = steady(25, 100), theirs = steady(10, 100);
  const breaker::Side peers[] = {side("b", theirs)};
  CHECK(breaker::read_rule(relative, side("a", mine), peers, k_start + 10min, false).state ==
        breaker::Reading::State::quiet);
  CHECK(breaker::read_rule(relative, side("a", mine), peers, k_start + 10min, true).state ==
        breaker::Reading::State::bad);
}
