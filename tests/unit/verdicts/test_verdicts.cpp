#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "tests/tools/verdict_score.hpp"

using namespace verdicts;

TEST_CASE("the same seed is the same trace, another is another") {
  for (const auto kind : kinds()) {
    const auto one = make_trace(kind, 7), again = make_trace(kind, 7), other = make_trace(kind, 8);
    INFO(kind);
    REQUIRE_FALSE(one.lines.empty());
    REQUIRE(one.lines.size() == again.lines.size());
    CHECK(one.lines.back().text == again.lines.back().text);
    CHECK(one.lines.back().text != other.lines.back().text);
  }
}

TEST_CASE("the default rules blame the right sets") {
  std::vector<std::string> wrongs;
  const auto scores = judge_kinds(1, 24, {}, false, &wrongs);
  const auto all = total(scores);
  for (const auto& line : wrongs) UNSCOPED_INFO(line);
  CHECK(all.traces >= 300);
  CHECK(all.right >= 200);
  CHECK(all.precision() >= 0.99);
  CHECK(all.recall() >= 0.99);
  CHECK(all.last_cut == 0);
}

TEST_CASE("a set that was cut says nothing more, and the verdicts are as good") {
  const auto all = total(judge_kinds(1001, 8, {}, true));
  CHECK(all.precision() >= 0.97);
  CHECK(all.recall() >= 0.97);
  CHECK(all.good_cuts <= 1);
  CHECK(all.last_cut == 0);
}

TEST_CASE("rules that cut at the first error would be much worse") {
  const auto all =
      total(judge_kinds(1, 3, {"errors >= 1", "failure-rate > 1% of at least 1"}, false));
  CHECK(all.precision() < 0.7);
}
