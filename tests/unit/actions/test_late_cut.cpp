#include <algorithm>
#include <filesystem>
#include <functional>

#include <catch2/catch.hpp>

#include <cdctl/lock.hpp>

#include "core/actions/cut.hpp"
#include "core/actions/mend.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/late_cut.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

bool cut(FakeService& thumbs, const SetName& set, const CutOptions& options = {},
         std::optional<Time> evidence = now()) {
  return cut_set(thumbs.context, set, {"errors >= 5", evidence}, options, Deadline(5s));
}

bool frozen(FakeService& thumbs, const SetName& set) {
  return thumbs.engine.sets[set.str()].world_cut == true;
}

}  // namespace

TEST_CASE("the engine's switch is pulled when the broker is late, and the broker is asked on") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  SECTION("with the lock") {
    thumbs.journal.late = "lock";
    CHECK(cut(thumbs, set));
    CHECK(thumbs.journal.lines == Lines{"lock", "engine.cut", "lock", "door.connections",
                                        "memory.cut yes", "door.cut", "unlock"});
  }
  SECTION("with the count") {
    thumbs.journal.late = "door.connections";
    CHECK(cut(thumbs, set));
    CHECK(thumbs.journal.lines == Lines{"lock", "door.connections", "engine.cut",
                                        "door.connections", "memory.cut yes", "door.cut",
                                        "unlock"});
  }
  SECTION("with the memo") {
    thumbs.journal.late = "memory.cut";
    CHECK(cut(thumbs, set));
    CHECK(thumbs.journal.lines == Lines{"lock", "door.connections", "memory.cut yes", "engine.cut",
                                        "memory.cut yes", "door.cut", "unlock"});
  }
  SECTION("with the limit, or the closing") {
    thumbs.journal.late = "door.cut";
    CHECK(cut(thumbs, set));
    CHECK(thumbs.journal.lines == Lines{"lock", "door.connections", "memory.cut yes", "door.cut",
                                        "engine.cut", "door.cut", "unlock"});
  }
  CHECK(thumbs.steps() == "local door");
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["ok"].as_bool());
  CHECK(frozen(thumbs, set));
  CHECK(thumbs.entry(set).cut == true);
  CHECK(thumbs.entry(set).cut_memo->cut);
}

TEST_CASE("a set stays stopped by its engine when the broker never answers") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.late = GENERATE(as<std::string>(), "lock", "door.connections", "door.cut");
  thumbs.journal.late_times = 2;
  CAPTURE(thumbs.journal.late);
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["exit"].as_int() == 6);
  CHECK(std::ranges::any_of(thumbs.out.lines, [](const std::string& line) {
    return line.contains("its units stay stopped by the engine");
  }));
  CHECK(frozen(thumbs, set));
  CHECK(cut(thumbs, set));  // and who tries again finishes it
  CHECK(thumbs.entry(set).cut == true);
}

TEST_CASE("the guards hold for a cut by the engine alone: they count what is up here") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.journal.late = "door.connections";
  thumbs.journal.late_times = 2;
  const auto spared = [&] {
    const bool done = cut(thumbs, set);
    CHECK_FALSE(frozen(thumbs, set));
    return !done;
  };
  SECTION("of the only set") { CHECK(spared()); }
  SECTION("of one beside a set that is down") {
    thumbs.engine.sets[thumbs.deploy('b', 1h).str()].up = 0;
    CHECK(spared());
  }
  SECTION("of one beside a set that is frozen") {
    thumbs.engine.sets[thumbs.deploy('b', 1h).str()].world_cut = true;
    CHECK(spared());
  }
  SECTION("of one beside a set that is noted as cut") {
    thumbs.entry(thumbs.deploy('b', 1h)).cut_memo = CutMemo{true, "bob", "", now(), {}, {}};
    CHECK(spared());
  }
  SECTION("of one beside a set of another home, which nobody here can see") {
    const auto other = thumbs.deploy('b', 1h);
    thumbs.entry(other).set->home = "elsewhere";
    thumbs.engine.sets.erase(other.str());
    CHECK(spared());
  }
  SECTION("unless it is named") {
    thumbs.journal.late = "lock";
    CHECK_FALSE(cut(thumbs, set, {.even_last = true}));
    CHECK(frozen(thumbs, set));
  }
}

TEST_CASE("what a person has forced, old evidence and a dry run stop nothing by the engine") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.late = "lock";
  thumbs.journal.late_times = 2;
  SECTION("forced closed") {
    thumbs.entry(set).force = Force{Force::State::closed, "alice", "we know", now()};
    CHECK_FALSE(cut(thumbs, set));
  }
  SECTION("observed") {
    thumbs.entry(set).force = Force{Force::State::observe, "alice", "we know", now()};
    CHECK_FALSE(cut(thumbs, set));
  }
  SECTION("old evidence") { CHECK_FALSE(cut(thumbs, set, {}, now() - 3h)); }
  SECTION("a dry run") {
    thumbs.journal.late = "door.connections";
    CHECK_FALSE(cut(thumbs, set, {.dry_run = true}));
  }
  SECTION("a memory that does not answer") {
    thumbs.journal.failing = "memory.read";
    CHECK_FALSE(cut(thumbs, set));
  }
  CHECK_FALSE(frozen(thumbs, set));
}

TEST_CASE("a set that is not to be cut after all is let go on") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  SECTION("the broker counts less than the engine did") {
    thumbs.journal.late = "door.connections";
    thumbs.door.open_connections[other.str()] = 0;
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.record()["exit"].as_int() == 5);
  }
  SECTION("it was forced closed meanwhile") {
    thumbs.journal.late = "lock";
    thumbs.journal.beside = [&](const std::string& call) {
      if (call == "engine.cut")
        thumbs.entry(set).force = Force{Force::State::closed, "alice", "we know", now()};
    };
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.record()["exit"].as_int() == 5);
  }
  SECTION("it was mended meanwhile") {
    thumbs.journal.late = "lock";
    thumbs.journal.beside = [&](const std::string& call) {
      if (call == "engine.cut")
        thumbs.entry(set).cut_memo =
            CutMemo{false, "alice", "", now() - 1h, {}, now() + Millis(500)};
    };
    CHECK(cut(thumbs, set));
  }
  CHECK(std::ranges::count(thumbs.journal.lines, "engine.thaw") == 1);
  CHECK_FALSE(frozen(thumbs, set));
  CHECK_FALSE(thumbs.entry(set).cut.value());
}

TEST_CASE("a set that was stopped before is not let go on when it is not to be cut after all") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  thumbs.engine.sets[set.str()].world_cut = true;
  thumbs.journal.late = "door.connections";
  thumbs.door.open_connections[other.str()] = 0;
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(std::ranges::count(thumbs.journal.lines, "engine.cut") == 1);
  CHECK(std::ranges::count(thumbs.journal.lines, "engine.thaw") == 0);
  CHECK(frozen(thumbs, set));
}

TEST_CASE("a cut that the engine began and the broker never took is told, and mended by hand") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.late = "lock";
  thumbs.journal.late_times = 2;
  REQUIRE_FALSE(cut(thumbs, set));
  REQUIRE(frozen(thumbs, set));
  const auto look = [&](const std::function<void(const fleet::SetView&)>& check) {
    fleet::Fleet fleet(thumbs.context);
    fleet.load({"thumbs"}, Deadline(5s));
    check(*fleet.service("thumbs")->set(set));
  };
  // It gave up, and its word stands: nobody works, it is said, and no cron starts it
  look([](const auto& view) {
    CHECK(view.left_stopped());
    REQUIRE(view.unfinished_cut);
    CHECK(view.unfinished_cut->why == "errors >= 5");
    CHECK_FALSE(view.fallen());
    CHECK_FALSE(view.out_there());
    CHECK(view.record().stopped_in == "here");
  });
  SECTION("one that was killed had nothing to say any more") {
    fleet::forget_unfinished_cut(thumbs.context, set);
    look([](const auto& view) {
      CHECK(view.left_stopped());
      CHECK(view.fallen());
      CHECK_FALSE(view.out_there());
    });
  }
  SECTION("not one that is noted") {
    thumbs.entry(set).cut_memo = CutMemo{true, "bob", "bad", now(), {}, {}};
    look([](const auto& view) { CHECK_FALSE(view.left_stopped()); });
  }
  SECTION("not one of which that could not be read") {
    thumbs.entry(set).cut.reset();
    look([](const auto& view) { CHECK_FALSE(view.left_stopped()); });
  }
  SECTION("not one whose engine is no switch of its service") {
    thumbs.change([](ServiceConfig& service) { service.switches = {"door"}; });
    look([](const auto& view) { CHECK_FALSE(view.left_stopped()); });
  }
  SECTION("not one that is on its way out") {
    thumbs.engine.sets[set.str()].state = "reaping";
    look([](const auto& view) { CHECK_FALSE(view.left_stopped()); });
  }
  SECTION("by hand") {
    CHECK(mend_set(thumbs.context, set, {}, Deadline(5s)));
    CHECK(thumbs.record()["changed"].as_bool());
    CHECK_FALSE(frozen(thumbs, set));
    look([](const auto& view) { CHECK(view.out_there()); });
    CHECK(thumbs.entry(set).cut_memo->mended_at);  // what was evidence then does not cut it again
    CHECK_FALSE(fleet::unfinished_cut(thumbs.context, set, {}));
  }
  SECTION("by who tries again") {
    CHECK(cut(thumbs, set));
    CHECK(thumbs.entry(set).cut == true);
    CHECK_FALSE(fleet::unfinished_cut(thumbs.context, set, {}));
  }
  SECTION("evidence that is older ends nothing") {
    CHECK(cut(thumbs, set, {}, now() - 3h));
    CHECK(fleet::unfinished_cut(thumbs.context, set, {}));
  }
  SECTION("the same evidence, when it has become too old, does") {
    const auto then = now() - 1h;
    REQUIRE(fleet::note_unfinished_cut(thumbs.context, set, {"bob", "bad", now(), then}));
    CHECK(cut(thumbs, set, {}, then));
    CHECK_FALSE(fleet::unfinished_cut(thumbs.context, set, {}));
    look([](const auto& view) { CHECK(view.fallen()); });
  }
  SECTION("what a person began is not ended by evidence") {
    REQUIRE(fleet::note_unfinished_cut(thumbs.context, set, {"alice", "bad", now(), {}}));
    CHECK(cut(thumbs, set, {}, now() - 1h));
    CHECK(fleet::unfinished_cut(thumbs.context, set, {}));
    thumbs.journal.late_times = 2;
    CHECK_FALSE(cut(thumbs, set));
    CHECK(fleet::unfinished_cut(thumbs.context, set, {})->by == "alice");
  }
  SECTION("a deploy or a mend from elsewhere has ended it") {
    auto entry = thumbs.entry(set);
    CHECK(fleet::unfinished_cut(thumbs.context, set, entry));
    entry.cut_memo = CutMemo{false, "bob", "", now() - 1h, {}, now() + Millis(5)};
    CHECK_FALSE(fleet::unfinished_cut(thumbs.context, set, entry));
  }
  SECTION("one that cannot be read counts as one") {
    REQUIRE(write_file_atomically(thumbs.home.path() / ("late-" + set.str() + ".json"), "{", 0600));
    CHECK(fleet::unfinished_cut(thumbs.context, set, {}));
  }
}

TEST_CASE("who cuts by the engine first says so in the home, until it has come to its end") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  thumbs.journal.late = "lock";
  int looks = 0;
  thumbs.journal.beside = [&](const std::string& call) {
    if (call != "engine.cut" && call != "door.cut") return;
    ++looks;
    CHECK(fleet::LateCut::goes_on(thumbs.context, set) == true);
    CHECK(fleet::LateCut::goes_on(thumbs.context, other) == false);
    CHECK_FALSE(fleet::LateCut::begin(thumbs.context, set));
  };
  CHECK(cut(thumbs, set));
  CHECK(looks == 2);
  CHECK(fleet::LateCut::goes_on(thumbs.context, set) == false);
  CHECK_FALSE(std::filesystem::exists(thumbs.home.path() / ("late-" + set.str() + ".lock")));
  const auto crash = [&] {
    const auto late = fleet::LateCut::begin(thumbs.context, set);
    ::_exit(late ? 0 : 1);
  };
  if (const auto pid = ::fork(); pid == 0) crash();
  int status = -1;
  ::wait(&status);
  CHECK(status == 0);
  CHECK(fleet::LateCut::goes_on(thumbs.context, set) == false);
}

TEST_CASE("a lock that somebody holds is no broker that is late") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.memory.held_once = true;
  CHECK(cut(thumbs, set));
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("a broker that cannot tell yet what a young connection does is not late") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), young = thumbs.deploy('b', 1h);
  thumbs.door.work[young.str()] = {true, 1, 0, 1};
  CHECK_FALSE(cut_set(thumbs.context, set, {"errors >= 5", now()}, {}, Deadline(Millis(1200))));
  CHECK(thumbs.record()["exit"].as_int() == 6);
  CHECK(std::ranges::count(thumbs.journal.lines, "engine.cut") == 0);
}

TEST_CASE("two cuts of one home by the engine alone take turns") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.late = "lock";
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "engine.cut") CHECK(FileLock::held(thumbs.home.path() / "late-thumbs.lock"));
  };
  CHECK(cut(thumbs, set));
}
