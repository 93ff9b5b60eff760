#include <catch2/catch.hpp>

#include <cdctl/returns.hpp>

using namespace cdctl;
using namespace std::chrono_literals;

TEST_CASE("cuts of the last day count, and a memo keeps no more than it must") {
  CutMemo memo;
  for (int i = 0; i < 40; ++i) note_cut(memo, now() - 48h);
  CHECK(memo.cuts.size() == k_remembered_cuts);
  CHECK(recent_cuts(memo, now()) == 0);
  note_cut(memo, now() - 23h);
  note_cut(memo, now());
  CHECK(memo.cuts.size() == k_remembered_cuts);
  CHECK(recent_cuts(memo, now()) == 2);
  memo.at = now();
  const auto again = cut_memo_from_json(to_json(memo));
  REQUIRE(again);
  CHECK(recent_cuts(*again, now()) == 2);
}

TEST_CASE("what is said of a queue whose messages may be given up") {
  CHECK(ReturnsLeft{"q", 20, 0}.text().contains("at its 21st return; 0 cuts in the last 24h"));
  CHECK(ReturnsLeft{"q", 11, 0}.text().contains("at its 12th return"));
  CHECK(ReturnsLeft{"q", 3, 1}.text().contains("survives 2 more"));
  CHECK(ReturnsLeft{"q", 3, 3}.text().contains("at its 4th return; 3 cuts"));
  CHECK(ReturnsLeft{"q", 3, 3}.text().contains("the next one gives up"));
  CHECK(ReturnsLeft{"q", 2, 3}.text().contains("at its 3rd return"));
  CHECK(ReturnsLeft{"q", 2, 3}.text().contains("look at the dead letters"));
  CHECK_FALSE(ReturnsLeft{"q", 20, 3}.near());
  CHECK(ReturnsLeft{"q", 20, 17}.near());
  CHECK(ReturnsLeft{"q", 1, 0}.near());
}
