#include <catch2/catch.hpp>

#include "core/actions/stale_policy.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace std::chrono_literals;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T04:00:00Z");

actions::Candidate live(std::string name, Millis age) {
  return {std::move(name), "live", false, true, k_now - age, {}, {}, true};
}
actions::Candidate cut(std::string name, Millis age, Millis cut_for) {
  auto out = live(std::move(name), age);
  out.cut = true;
  out.cut_at = k_now - cut_for;
  return out;
}
ReaperPolicy policy(std::int64_t keep, Millis min_age = 0ms, Millis prove_for = 0ms) {
  ReaperPolicy out;
  out.keep = keep;
  out.min_age = out.cut_grace = out.failed_grace = min_age;
  out.prove_for = prove_for;
  return out;
}
std::string marks(const std::vector<actions::Candidate>& sets, const ReaperPolicy& with) {
  std::string out;
  for (const auto& judgement : actions::judge(sets, with, k_now))
    out += judgement.stale ? 'x' : '-';
  return out;
}

}  // namespace

TEST_CASE("the newest N live sets stay") {
  const std::vector sets{live("a", 5h), live("b", 4h), live("c", 3h), live("d", 2h)};
  CHECK(marks(sets, policy(2)) == "xx--");
  CHECK(marks(sets, policy(1)) == "xxx-");
  CHECK(marks(sets, policy(0)) == "xxx-");  // the newest is never marked
  CHECK(marks(sets, policy(9)) == "----");
}

TEST_CASE("a young set stays whatever its number") {
  CHECK(marks({live("a", 5h), live("b", 30min), live("c", 20min), live("d", 10min)},
              policy(1, 1h)) == "x---");
}

TEST_CASE(
    "cut sets do not count towards keep, and go after their grace unless they are the newest") {
  CHECK(marks({live("a", 5h), cut("b", 4h, 3h), live("c", 3h)}, policy(1, 1h)) == "xx-");
  CHECK(marks({live("a", 5h), cut("b", 4h, 10min), live("c", 3h)}, policy(2, 1h)) == "---");
  CHECK(marks({live("a", 5h), live("b", 4h), cut("c", 3h, 2h)}, policy(1, 1h)) == "x--");
}

TEST_CASE("the newest proven set is the fallback while everything newer is unproven or cut") {
  // b and c are live but unproven: a is the one to go back to
  CHECK(marks({live("a", 30h), live("b", 2h), live("c", 1h)}, policy(1, 1h, 24h)) == "-x-");
  CHECK(marks({live("z", 40h), live("a", 30h), live("b", 2h), live("c", 1h)}, policy(1, 1h, 24h)) ==
        "x-x-");
  CHECK(marks({live("a", 30h), cut("b", 29h, 5h), cut("c", 28h, 5h)}, policy(0, 1h, 24h)) == "-x-");
}

TEST_CASE("a reap that has begun is finished, of the newest set too") {
  auto set = Candidate{};
  set.set = "thumbs-raaaaaaaaaa", set.state = "reaping", set.cut = true;
  set.deployed_at = Time(Millis(1)), set.here = true;
  CHECK(judge({set}, {}, now())[0].stale);
}

TEST_CASE("unknown is never stale") {
  auto unknown_cut = live("a", 50h);
  unknown_cut.cut = {};
  auto unknown_state = live("b", 40h);
  unknown_state.state = "";
  auto elsewhere = live("c", 30h);
  elsewhere.here = false;
  CHECK(marks({unknown_cut, unknown_state, elsewhere, live("d", 3h), live("e", 2h)}, policy(1)) ==
        "---x-");
}

TEST_CASE("foreign sets and ghosts are never stale") {
  auto foreign = live("a", 50h), ghost = live("b", 40h);
  foreign.foreign = true;
  ghost.ghost = true;
  ghost.state = "down";
  const std::vector sets{foreign, ghost, live("c", 3h), live("d", 2h)};
  CHECK(marks(sets, policy(1)) == "--x-");
  CHECK(actions::judge(sets, policy(1), k_now)[0].why.starts_with("foreign"));
}

TEST_CASE("a set of which no unit can work is not a newer live set") {
  auto stalled = live("c", 2h);
  stalled.stalled = true;
  CHECK(marks({live("a", 4h), live("b", 3h), stalled}, policy(2)) == "---");
  // As one whose units a mend from elsewhere left stopped.
  const auto stopped = Json::parse(
      R"({"schema":"cdctl.set/1","service":"thumbs","revision":"raaaaaaaaaa","set":"thumbs-raaaaaaaaaa","state":"live","cut":false,"newest":false,"proven":false,"stopped_in":"web1:/home"})");
  REQUIRE(stopped);
  CHECK(actions::candidate_from(*stopped).stalled);
  // And as one of which nobody could ask whether it takes messages.
  auto unknown = *stopped;
  unknown.erase("stopped_in");
  CHECK_FALSE(actions::candidate_from(unknown).stalled);
  unknown.set("idle", Json());
  CHECK(actions::candidate_from(unknown).stalled);
}

TEST_CASE("a set that never served has its own, shorter rule") {
  auto failed = live("b", 45min);
  failed.state = "partial";
  failed.served = false;
  auto with = policy(2, 1h);
  with.failed_grace = 30min;
  CHECK(marks({live("a", 5h), failed, live("c", 10min)}, with) == "-x-");
  with.failed_grace = 50min;
  CHECK(marks({live("a", 5h), failed, live("c", 10min)}, with) == "---");
}

TEST_CASE("a policy survives its record") {
  auto with = policy(3, 90min, 24h);
  const auto back = actions::policy_of(actions::policy_record(with));
  REQUIRE(back);
  CHECK(back->keep == 3);
  CHECK(back->min_age == 90min);
  CHECK(back->prove_for == 24h);
  CHECK_FALSE(actions::policy_from_json(Json::object({{"keep", -1}})));
  CHECK_FALSE(actions::policy_from_json(Json()));
}

TEST_CASE("what a person has rolled back to is not reaped for what is held out") {
  auto from = live("b", 2h);
  CHECK(marks({live("a", 30h), from}, policy(1)) == "x-");
  from.held_out = true;
  CHECK(marks({live("a", 30h), from}, policy(1)) == "--");  // not in place of the newer one
  // Nor is one that is held out the fallback in place of it, however long it has served.
  from.deployed_at = k_now - 40h;
  CHECK(marks({live("a", 50h), from, live("c", 1h)}, policy(0, 0ms, 24h)) == "-x-");
}

TEST_CASE("an older revision that was made again does not send the newest one away") {
  // a was reaped, and a roll-back by hand made it again: it is the newest set, b the head.
  auto again = live("a", 1h);
  again.first_at = k_now - 50h;
  auto head = live("c", 20h);
  CHECK(marks({again, live("b", 30h), head}, policy(1)) == "-x-");
  CHECK(actions::judge({again, head}, policy(1), k_now)[1].why.starts_with("the newest revision"));
  head.held_out = true;  // until somebody resumes: then it is wanted again
  CHECK(marks({again, live("b", 30h), head}, policy(1)) == "-x-");
  head.held_out = false;
  CHECK(marks({again, live("b", 30h), head, live("d", 10min)}, policy(1)) == "xxx-");  // d is
  head.cut = true;  // known to be bad, so that nothing offers it again
  head.cut_at = k_now - 5h;
  CHECK(marks({again, head}, policy(1)) == "-x");
}

TEST_CASE("whose revision came first, and who is held out, is in the record of a set") {
  const auto record = Json::parse(
      R"({"schema":"cdctl.set/1","set":"thumbs-raaaaaaaaaa","state":"live","cut":false,"held_out":true,"first_deployed_at":"2026-11-20T04:00:00.000Z"})");
  REQUIRE(record);
  const auto set = actions::candidate_from(*record);
  CHECK(set.held_out);
  CHECK(set.first_at == parse_rfc3339("2026-11-20T04:00:00Z"));
}
