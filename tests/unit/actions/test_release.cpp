#include <catch2/catch.hpp>

#include <cdctl/roles.hpp>

#include "core/actions/deploy.hpp"
#include "core/actions/guard.hpp"
#include "core/fleet/fleet.hpp"
#include "tests/support/fake_service.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

struct Stage {
  FakeService thumbs;
  DeployOrder order{&thumbs.context.config().services.front(),
                    Sources{{"trunk", {"git", "u", "c0ffee", {}}}}, "trunk-newer", false, false};

  Stage() { thumbs.deployer.release = "./migrate"; }
  bool deploy() {
    thumbs.journal.lines.clear();
    return deploy_set(thumbs.context, order, {}, Deadline(5s));
  }
  int runs() const {
    return static_cast<int>(std::ranges::count(thumbs.journal.lines, "claim.run ./migrate"));
  }
  MemoryEntry& entry() { return thumbs.entry(order.name()); }
};

}  // namespace

TEST_CASE("a release command runs before the units, once a revision") {
  Stage stage;
  stage.thumbs.engine.ran.said = {"two tables", "hush"};
  REQUIRE(stage.deploy());
  const auto& lines = stage.thumbs.journal.lines;
  const auto at = std::ranges::find(lines, "deploy");
  REQUIRE(at != lines.end());
  // Its turn, the note that it begins, the command, the note that it is done
  CHECK(Lines(at, lines.end()) == Lines{"deploy", "lock.release", "lock", "memory.set owned",
                                        "unlock", "claim.run ./migrate", "lock", "memory.set owned",
                                        "unlock", "unlock", "claim.start", "claim.finish"});
  const auto& said = stage.thumbs.record()["release"];
  CHECK(said["ok"].as_bool());
  CHECK(said["end"].view() == "exit status 0");
  CHECK(said["said"].items().at(0).view() == "two tables");
  CHECK(said["said"].items().at(1).view() == "***");
  REQUIRE(stage.entry().set);
  CHECK(stage.entry().set->released_at);
  CHECK_FALSE(stage.entry().set->releasing());

  SECTION("and not again when the set is made anew") {
    stage.thumbs.engine.sets.clear();
    stage.thumbs.door.open_connections.clear();
    REQUIRE(stage.deploy());
    CHECK(stage.runs() == 0);
    CHECK(stage.thumbs.record()["release"].is_null());
  }
  SECTION("nor when it comes back after it was reaped") {
    stage.thumbs.engine.sets.clear();
    stage.entry().set->reaped_at = now();
    stage.entry().provisioned = false;
    REQUIRE(stage.deploy());
    CHECK(stage.runs() == 0);
    CHECK(stage.entry().set->released_at);
  }
}

TEST_CASE("a release command that fails, fails the deploy, and runs again with the next") {
  Stage stage;
  stage.thumbs.engine.ran = {ExitCode::failed, "exit status 3", {"no such table"}};
  CHECK_FALSE(stage.deploy());
  CHECK(stage.runs() == 1);
  CHECK(std::ranges::count(stage.thumbs.journal.lines, "claim.start") == 0);
  CHECK(std::ranges::count(stage.thumbs.journal.lines, "claim.abandon") == 1);
  const auto error = stage.thumbs.record()["error"].as_string();
  CHECK(error.contains("its release command failed: exit status 3; last output: no such table"));
  CHECK(error.contains("cdctl logs " + stage.order.name().str() + "/release"));
  CHECK_FALSE(stage.thumbs.record()["release"]["ok"].as_bool());
  CHECK(stage.entry().set->releasing());

  stage.thumbs.engine.ran = {ExitCode::done, "exit status 0", {}};
  REQUIRE(stage.deploy());
  CHECK(stage.runs() == 1);
  CHECK(std::ranges::any_of(stage.thumbs.out.lines, [](const std::string& line) {
    return line.contains("did not come to a good end; it runs again");
  }));
  CHECK_FALSE(stage.entry().set->releasing());
}

TEST_CASE("how a release command was ended is the exit code of the deploy") {
  Stage stage;
  stage.thumbs.engine.ran = {ExitCode::timeout, "it was not done within 5s", {}};
  CHECK_FALSE(stage.deploy());
  CHECK(stage.thumbs.record()["exit"].as_int() == 6);
  stage.thumbs.engine.ran = {ExitCode::refused, "the set was cut while it ran", {}};
  CHECK_FALSE(stage.deploy());
  CHECK(stage.thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a release command that was done and could not be noted runs again") {
  Stage stage;
  CHECK(dies_at("deploy.released", [&] { stage.deploy(); }));
  stage.thumbs.journal.beside = [&, notes = 0](const std::string& call) mutable {
    if (call == "memory.set" && ++notes == 3) stage.thumbs.journal.failing = "memory.set";
  };
  CHECK_FALSE(stage.deploy());
  CHECK(stage.runs() == 1);
  CHECK(stage.entry().set->releasing());
  stage.thumbs.journal.beside = {};
  stage.thumbs.journal.failing.clear();
  REQUIRE(stage.deploy());
  CHECK(stage.runs() == 1);
}

TEST_CASE("what a release command has open is no unit that is live") {
  Stage stage;
  const auto old = stage.thumbs.deploy('a', 1h);
  const auto name = stage.order.name();
  stage.thumbs.engine.ran = {ExitCode::failed, "exit status 1", {}};
  CHECK_FALSE(stage.deploy());
  stage.thumbs.door.open_connections[name.str()] = 1;
  stage.entry().cut = false;
  fleet::Fleet fleet(stage.thumbs.context);
  fleet.load({"thumbs"}, Deadline(5s));
  const auto live = live_units(stage.thumbs.context, *fleet.service("thumbs"), Deadline(5s));
  REQUIRE(live);
  CHECK(sum_of(*live) == 1);
  CHECK(live->contains(old.str()));
}

TEST_CASE("when a revision was released is kept in a memo") {
  SetMemo memo{{"thumbs", "r5f0c1e9a2b"}, "local", "here", {}, now(), 1, {}, {}};
  memo.release_begun = now() - 1min;
  auto back = set_memo_from_json(memo.name, to_json(memo));
  REQUIRE(back);
  CHECK(back->releasing());
  CHECK(back->release_begun == memo.release_begun);
  memo.released_at = now();
  back = set_memo_from_json(memo.name, to_json(memo));
  REQUIRE(back);
  CHECK_FALSE(back->releasing());
  CHECK(back->released_at == memo.released_at);
}
