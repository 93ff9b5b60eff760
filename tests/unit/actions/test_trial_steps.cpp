// What a trial does to its set, in which order. How it is judged: test_trial.

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/actions/trial.hpp"
#include "tests/support/fake_service.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;
using End = TrialState::End;

namespace {

using Lines = std::vector<std::string>;

SetName cut_one(FakeService& thumbs) {
  const auto set = thumbs.deploy('a', 2h);
  auto& entry = thumbs.entry(set);
  entry.cut = true;
  entry.cut_memo = CutMemo{true, "alice", "bad", now() - 1h, 7, {}, {}};
  thumbs.engine.sets[set.str()].world_cut = true;
  return set;
}
/// On trial, and its time is over.
SetName tried_one(FakeService& thumbs) {
  const auto set = cut_one(thumbs);
  thumbs.entry(set).cut_memo->probation =
      Probation{now() - 1min, now() - 1s, 10, false, "alice@web1"};
  return set;
}
Result<> begin(FakeService& thumbs, const SetName& set, Outcome& outcome) {
  return begin_trial(thumbs.context, set, {1min, 10, false}, outcome, Deadline(5s));
}
Result<TrialState> look(FakeService& thumbs, const SetName& set, Outcome& outcome) {
  return look_at_trial(thumbs.context, set, outcome, Deadline(5s));
}

}  // namespace

TEST_CASE("a trial is noted, then one unit is let in, and then that is started") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  Outcome outcome(thumbs.context, "mend", set, false);
  REQUIRE(begin(thumbs, set, outcome));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut trial", "door.drain", "door.admit 1",
                                      "engine.mend some", "unlock"});
  CHECK(outcome.ok());
  CHECK(thumbs.entry(set).cut_memo->cut);
  outcome.write();
  CHECK(thumbs.steps() == "door local");

  Outcome again(thumbs.context, "mend", set, false);
  const auto refused = begin(thumbs, set, again);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::refused);
}

TEST_CASE("a trial needs a set that is cut, and a broker") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  Outcome outcome(thumbs.context, "mend", set, false);
  CHECK(begin(thumbs, set, outcome).error().exit == ExitCode::refused);
  CHECK(thumbs.journal.take() == Lines{"lock", "unlock"});
  CHECK(begin(thumbs, {"thumbs", "r0123456789"}, outcome));  // absent

  FakeService alone(false);
  const auto other = cut_one(alone);
  Outcome none(alone.context, "mend", other, false);
  CHECK(begin(alone, other, none).error().exit == ExitCode::config);
}

TEST_CASE("a step that keeps a trial from beginning is told in the outcome") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  Outcome outcome(thumbs.context, "mend", set, false);
  const bool world = GENERATE(false, true);
  thumbs.journal.failing = world ? "engine.mend some" : "door.admit";
  CHECK(begin(thumbs, set, outcome));
  CHECK_FALSE(outcome.ok());
  auto expected = Lines{"lock", "memory.cut trial", "door.drain", "door.admit 1", "unlock"};
  if (world) expected.insert(expected.end() - 1, "engine.mend some");
  CHECK(thumbs.journal.lines == expected);
}

TEST_CASE("a trial that has passed restores what was allowed before") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  thumbs.door.settled_value = {50, 0, 1};
  Outcome outcome(thumbs.context, "mend", set, false);
  const auto state = look(thumbs, set, outcome);
  REQUIRE(state);
  CHECK(state->end == End::passed);
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "door.drain", "door.mend 7", "engine.mend", "memory.cut no", "unlock"});
  CHECK_FALSE(thumbs.entry(set).cut_memo->probation);
  CHECK(look(thumbs, set, outcome)->end == End::gone);
}

TEST_CASE("a join that was killed before the memory knew keeps nobody out again") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  thumbs.door.settled_value = {50, 0, 1};
  thumbs.entry(set).cut = false;
  Outcome outcome(thumbs.context, "mend", set, false);
  SECTION("after the limit") {
    thumbs.entry(set).limit = 7;
    CHECK(look(thumbs, set, outcome)->end == End::passed);
    CHECK(thumbs.journal.lines == Lines{"lock", "engine.mend", "memory.cut no", "unlock"});
  }
  SECTION("before it, with what the trial let in") {
    thumbs.entry(set).limit = 1;
    CHECK(look(thumbs, set, outcome)->end == End::passed);
    CHECK(thumbs.journal.lines ==
          Lines{"lock", "door.drain", "door.mend 7", "engine.mend", "memory.cut no", "unlock"});
  }
  CHECK_FALSE(thumbs.entry(set).cut_memo->cut);
}

TEST_CASE("a trial lets in what one unit of each process type needs") {
  FakeService thumbs;
  thumbs.change(
      [](ServiceConfig& service) { service.units = {{"worker", 3}, {"web", 2}, {"beat", 0}}; });
  const auto set = cut_one(thumbs);
  Outcome outcome(thumbs.context, "mend", set, false);
  REQUIRE(begin(thumbs, set, outcome));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut trial", "door.drain", "door.admit 2",
                                      "engine.mend some", "unlock"});
}

TEST_CASE("a trial goes by the processes that the set has now, where its engine tells them") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  thumbs.engine.sets[set.str()].processes = {{"worker", 3}, {"web", 2}, {"mail", 1}, {"beat", 0}};
  Outcome outcome(thumbs.context, "mend", set, false);
  REQUIRE(begin(thumbs, set, outcome));
  CHECK(std::ranges::count(thumbs.journal.lines, "door.admit 3") == 1);
}

TEST_CASE("a trial that passes far from its home leaves the other units to that") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  thumbs.entry(set).set->home = "there";
  thumbs.door.settled_value = {50, 0, 1};
  Outcome outcome(thumbs.context, "mend", set, false);
  REQUIRE(look(thumbs, set, outcome));
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "door.drain", "door.mend 7", "memory.cut stopped", "unlock"});
  CHECK(thumbs.entry(set).cut_memo->stopped_in == "there");
}

TEST_CASE("a trial that has failed is cut again before the memory says so") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  Outcome outcome(thumbs.context, "mend", set, false);
  const auto state = look(thumbs, set, outcome);
  REQUIRE(state);
  CHECK(state->end == End::failed);
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "door.cut", "engine.cut", "memory.cut yes", "unlock"});
  outcome.write();
  CHECK(thumbs.steps() == "door local");
  CHECK(thumbs.entry(set).cut_memo->why.starts_with("its trial failed: unanswered"));
}

TEST_CASE("an end that could not be written is nobody's failure: the next look tries again") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  Outcome outcome(thumbs.context, "mend", set, false);
  thumbs.journal.failing = GENERATE(as<std::string>(), "door.cut", "engine.cut", "memory.cut");
  CHECK_FALSE(look(thumbs, set, outcome));
  CHECK(outcome.ok());
  CHECK(thumbs.entry(set).cut_memo->probation);
  thumbs.journal.failing.clear();
  CHECK(look(thumbs, set, outcome)->end == End::failed);
  CHECK(outcome.ok());
}

TEST_CASE("a trial that goes on is left alone, and an aborted one is cut again") {
  FakeService thumbs;
  const auto set = tried_one(thumbs);
  thumbs.entry(set).cut_memo->probation->until = now() + 1min;
  Outcome outcome(thumbs.context, "mend", set, false);
  CHECK(look(thumbs, set, outcome)->end == End::running);
  CHECK(thumbs.journal.lines.empty());
  CHECK(abort_trial(thumbs.context, set, outcome, Deadline(5s)));
  CHECK(thumbs.journal.take() ==
        Lines{"lock", "door.cut", "engine.cut", "memory.cut yes", "unlock"});
  CHECK(abort_trial(thumbs.context, set, outcome, Deadline(5s)));
  CHECK(thumbs.journal.take() == Lines{"lock", "unlock"});
}

TEST_CASE("a trial can be killed between its steps") {
  FakeService thumbs;
  SECTION("when it begins") {
    const std::string boundary =
        GENERATE(as<std::string>(), "probation.noted", "probation.world", "probation.admitted");
    INFO(boundary);
    const auto set = cut_one(thumbs);
    Outcome outcome(thumbs.context, "mend", set, false);
    CHECK(dies_at(boundary, [&] { (void)begin(thumbs, set, outcome); }));
  }
  SECTION("when it has passed") {
    const std::string boundary =
        GENERATE(as<std::string>(), "probation.passed", "probation.joined");
    INFO(boundary);
    const auto set = tried_one(thumbs);
    thumbs.door.settled_value = {50, 0, 1};
    Outcome outcome(thumbs.context, "mend", set, false);
    CHECK(dies_at(boundary, [&] { (void)look(thumbs, set, outcome); }));
  }
  SECTION("when it has failed") {
    const std::string boundary = GENERATE(as<std::string>(), "probation.failed", "probation.cut");
    INFO(boundary);
    const auto set = tried_one(thumbs);
    Outcome outcome(thumbs.context, "mend", set, false);
    CHECK(dies_at(boundary, [&] { (void)look(thumbs, set, outcome); }));
  }
}
