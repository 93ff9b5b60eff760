#include <catch2/catch.hpp>

#include "core/actions/cut.hpp"
#include "core/actions/mend.hpp"
#include "core/fleet/fleet.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

bool mend(FakeService& thumbs, const SetName& set, const MendOptions& options = {}) {
  thumbs.journal.lines.clear();
  return mend_set(thumbs.context, set, options, Deadline(5s));
}
/// Cut by hand, with a limit of 7 before.
SetName cut_one(FakeService& thumbs) {
  const auto set = thumbs.deploy('a', 2h);
  thumbs.entry(set).limit = 7;
  REQUIRE(cut_set(thumbs.context, set, {"by hand", {}}, {.even_last = true}, Deadline(5s)));
  return set;
}

}  // namespace

TEST_CASE("a mend is noted, then the limit's, and then the world's") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  CHECK(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut stopped", "door.mend 7", "engine.mend",
                                      "memory.cut no", "unlock"});
  CHECK(thumbs.steps() == "door local");
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.entry(set).cut_memo->mended_at);

  CHECK(mend(thumbs, set));  // the limit is the truth: nothing to restore
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.mend", "unlock"});
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("why a set was mended is in the outcome, and why it was cut stays in the memory") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  CHECK(mend(thumbs, set, {.why = "the spec is mended"}));
  CHECK(thumbs.record()["why"].view() == "the spec is mended");
  CHECK(thumbs.entry(set).cut_memo->why == "by hand");
  CHECK(mend(thumbs, set));
  CHECK(thumbs.record()["why"].is_null());
}

TEST_CASE("a mend that was killed after its note is completed") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  thumbs.entry(set).cut_memo->cut = false;
  CHECK(mend(thumbs, set, {.thaw = true}));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut stopped", "door.mend 7", "engine.thaw",
                                      "memory.cut no", "unlock"});
}

TEST_CASE("a mend of a set on trial goes through none") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  thumbs.entry(set).cut_memo->probation = Probation{now(), now() + 1min, 1, false, "alice"};
  CHECK(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "door.drain", "memory.cut stopped", "door.mend 7",
                                      "engine.mend", "memory.cut no", "unlock"});
}

TEST_CASE("a mend from elsewhere says what is still to do, and where") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  const auto status = thumbs.engine.sets.extract(set.str()).mapped();
  thumbs.engine.home_value = "elsewhere";
  for (const bool again : {false, true}) {
    CHECK_FALSE(mend(thumbs, set));
    CHECK(thumbs.journal.lines ==
          (again ? Lines{"lock", "unlock"}
                 : Lines{"lock", "memory.cut stopped", "door.mend 7", "unlock"}));
    CHECK(thumbs.record()["exit"].as_int() == 1);
    CHECK(thumbs.record()["changed"].as_bool() == !again);
    CHECK(thumbs.record()["error"].as_string().find("its units are in home here") !=
          std::string::npos);
    CHECK(thumbs.entry(set).cut_memo->stopped_in == "here");
  }
  CHECK_FALSE(thumbs.entry(set).cut.value());

  thumbs.engine.home_value = "here";
  thumbs.engine.sets[set.str()] = status;
  CHECK(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.mend", "memory.cut no", "unlock"});
  CHECK(thumbs.entry(set).cut_memo->stopped_in.empty());
  CHECK(mend(thumbs, set));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a mend takes back what was refused before it was out, and no cut of what was reaped") {
  FakeService thumbs;
  const SetName ahead{"thumbs", "r0123456789"}, reaped{"thumbs", "r1123456789"};
  thumbs.entry(ahead).cut_memo = CutMemo{true, "alice", "no", now() - 1h, {}, {}};
  CHECK(mend(thumbs, ahead, {.dry_run = true}));
  CHECK(thumbs.entry(ahead).cut_memo->cut);
  CHECK(mend(thumbs, ahead));
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK_FALSE(thumbs.entry(ahead).cut_memo->cut);
  CHECK(mend(thumbs, ahead));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  thumbs.entry(reaped).set = SetMemo{reaped, "local", "here", {}, now() - 3h, 1, now() - 1h, {}};
  thumbs.entry(reaped).cut_memo = CutMemo{true, "alice", "bad", now() - 2h, {}, {}};
  CHECK(mend(thumbs, reaped));
  CHECK(thumbs.entry(reaped).cut_memo->cut);
}

TEST_CASE("a dry run of a mend, one of nothing, and one that is refused") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  CHECK(mend(thumbs, set, {.dry_run = true}));
  CHECK(thumbs.journal.lines.empty());
  CHECK(thumbs.record()["changed"].as_bool());

  const SetName gone{"thumbs", "r0123456789"};
  CHECK_FALSE(mend(thumbs, gone));
  CHECK(thumbs.record()["error"].view().contains("never was"));
  CHECK_FALSE(mend(thumbs, {"stranger", "r0123456789"}));
  thumbs.entry(gone).set = SetMemo{gone, "local", "here", {}, now() - 2h, 1, now() - 1h, {}};
  CHECK(mend(thumbs, gone));
  CHECK(thumbs.record()["absent"].as_bool());
  CHECK_FALSE(thumbs.record()["changed"].as_bool());

  thumbs.entry(set).force = Force{Force::State::open, "alice", "no", now()};
  CHECK_FALSE(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "unlock"});
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("nothing follows a step of a mend that failed") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  thumbs.journal.failing = "door.mend";
  CHECK_FALSE(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut stopped", "door.mend 7", "unlock"});
  CHECK(thumbs.steps() == "door!");
  CHECK(thumbs.record()["changed"].as_bool());
  thumbs.entry(set).cut = true;
  thumbs.journal.failing.clear();
  CHECK(mend(thumbs, set));  // the limit still says that it is cut
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("a mend that ended between limit and world is finished by the next, or offered") {
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  thumbs.journal.failing = "engine.mend";
  CHECK_FALSE(mend(thumbs, set));
  CHECK(thumbs.steps() == "door local!");
  CHECK_FALSE(thumbs.entry(set).cut.value());
  thumbs.journal.failing.clear();
  fleet::Fleet fleet(thumbs.context);
  fleet.load({"thumbs"}, Deadline(5s));
  const auto* view = fleet.service("thumbs")->set(set);
  CHECK(view->half_mended());
  CHECK(view->fallen());
  CHECK_FALSE(view->out_there());
  CHECK(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.mend", "memory.cut no", "unlock"});
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(mend(thumbs, set));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a mend writes once where the engine is no switch of the service") {
  FakeService thumbs;
  thumbs.change([](ServiceConfig& service) { service.switches = {"door"}; });
  const auto set = cut_one(thumbs);
  CHECK(mend(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut no", "door.mend 7", "unlock"});
}

TEST_CASE("a mend can be killed between its steps") {
  const std::string boundary =
      GENERATE(as<std::string>(), "mend.remembered", "mend.world", "mend.door");
  INFO(boundary);
  FakeService thumbs;
  const auto set = cut_one(thumbs);
  CHECK(dies_at(boundary, [&] { (void)mend(thumbs, set); }));
}
