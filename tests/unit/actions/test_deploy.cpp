#include <algorithm>

#include <catch2/catch.hpp>

#include <cdctl/notice.hpp>

#include "core/actions/deploy.hpp"
#include "core/actions/deploy_wait.hpp"
#include "core/fleet/late_cut.hpp"
#include "tests/support/fake_service.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;
const Lines k_whole{"engine.claim",    "claim.clean", "lock",         "memory.set owned",
                    "memory.trim 100", "unlock",      "claim.secret", "door.provision",
                    "deploy",          "claim.start", "claim.finish"};

DeployOrder order_of(FakeService& thumbs, const std::string& commit = "c0ffee") {
  return {&thumbs.context.config().services.front(), Sources{{"trunk", {"git", "u", commit, {}}}},
          "trunk-newer", false, false};
}
bool deploy(FakeService& thumbs, const DeployOrder& order, const DeployOptions& options = {}) {
  thumbs.journal.lines.clear();
  return deploy_set(thumbs.context, order, options, Deadline(5s));
}

}  // namespace

TEST_CASE("a deploy claims the set, says whose it is, and makes what it needs") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.journal.lines == k_whole);
  CHECK(thumbs.record()["changed"].as_bool());
  const auto& memo = *thumbs.entry(order.name()).set;
  CHECK(memo.home == "here");
  CHECK(memo.units == 1);

  CHECK(deploy(thumbs, order));  // it is live
  CHECK(thumbs.journal.lines == Lines{"engine.claim"});
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a dry run of a deploy changes nothing") {
  FakeService thumbs;
  CHECK(deploy(thumbs, order_of(thumbs), {.dry_run = true}));
  CHECK(thumbs.journal.lines.empty());
  CHECK(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a deploy that failed takes no more work, and lets the lock go") {
  FakeService thumbs;
  thumbs.journal.failing = "deploy";
  CHECK_FALSE(deploy(thumbs, order_of(thumbs)));
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "claim.clean", "lock", "memory.set owned",
                                      "memory.trim 100", "unlock", "claim.secret", "door.provision",
                                      "deploy", "claim.halt", "claim.abandon"});
  CHECK(thumbs.record()["exit"].as_int() == 4);
  thumbs.journal.failing = "memory.set";
  CHECK_FALSE(deploy(thumbs, order_of(thumbs, "bad")));
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "claim.clean", "lock", "memory.set owned",
                                      "unlock", "claim.halt", "claim.abandon"});
}

TEST_CASE("a set of another home is not touched") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  thumbs.engine.sets.clear();
  thumbs.entry(order.name()).set->home = "there";
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.journal.lines.empty());
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a home that comes second leaves nothing behind") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "lock")
      thumbs.entry(order.name()).set =
          SetMemo{order.name(), "local", "there", {}, now(), 1, {}, {}};
  };
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.journal.lines ==
        Lines{"engine.claim", "claim.clean", "lock", "claim.discard", "unlock"});
  CHECK(thumbs.engine.sets.empty());
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a set that is live here is not stopped because its owner changed meanwhile") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "engine.claim") thumbs.entry(order.name()).set->home = "there";
  };
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.journal.lines == Lines{"engine.claim"});
  CHECK(thumbs.engine.sets.contains(order.name().str()));
}

TEST_CASE("what its home has lost is made again, unless it works somewhere") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  thumbs.engine.sets.clear();
  thumbs.door.open_connections[order.name().str()] = 1;  // a machine of the same name has it
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "door.connections", "claim.discard"});
  CHECK(thumbs.engine.sets.empty());
  thumbs.journal.failing = "door.connections";
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["exit"].as_int() == 4);
  CHECK(thumbs.engine.sets.empty());
  thumbs.journal.failing.clear();
  thumbs.door.open_connections.clear();
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a home that was renamed takes its sets over when a person says so") {
  FakeService thumbs;
  auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  auto& entry = thumbs.entry(order.name());
  entry.set->home = "before";
  order.by_record = true;
  CHECK_FALSE(deploy(thumbs, order));  // it was made in "here", which is not "before"
  thumbs.engine.sets[order.name().str()].homes = {"before"};
  CHECK_FALSE(deploy(thumbs, order));  // nor may cron decide it: this may be a copy
  CHECK(thumbs.record()["error"].as_string().find("takes the set over") != std::string::npos);
  order.by_record = false;
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "lock", "memory.set owned", "unlock"});
  CHECK(entry.set->home == "here");
}

TEST_CASE("a deploy ends a mend from elsewhere, which left the units stopped") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  auto& memo = thumbs.entry(order.name()).cut_memo;
  memo = CutMemo{false, "alice", "bad", now() - 1h, {}, now()};
  memo->stopped_in = "here";
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.journal.lines ==
        Lines{"engine.claim", "lock", "engine.mend", "memory.cut no", "unlock"});
  CHECK(memo->stopped_in.empty());
  CHECK(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a deploy starts the units of a set that an unnoted cut left stopped") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  auto& set = thumbs.engine.sets[order.name().str()];
  set.world_cut = true;
  SECTION("when it is over") {
    CHECK(deploy(thumbs, order, {.dry_run = true}));
    CHECK(thumbs.record()["changed"].as_bool());
    CHECK(deploy(thumbs, order));
    CHECK(thumbs.journal.lines == Lines{"engine.claim", "lock", "engine.mend", "unlock"});
    CHECK(set.world_cut == false);
    CHECK(thumbs.record()["changed"].as_bool());
    CHECK_FALSE(thumbs.entry(order.name()).cut_memo);  // evidence from before still cuts it
    CHECK(deploy(thumbs, order));
    CHECK_FALSE(thumbs.record()["changed"].as_bool());
  }
  SECTION("not while it is at it") {
    const auto late = fleet::LateCut::begin(thumbs.context, order.name());
    REQUIRE(late);
    CHECK(deploy(thumbs, order, {.dry_run = true}));
    CHECK_FALSE(thumbs.record()["changed"].as_bool());
    CHECK(deploy(thumbs, order));
    CHECK(set.world_cut == true);
    CHECK_FALSE(thumbs.record()["changed"].as_bool());
  }
  SECTION("not what is cut") {
    thumbs.entry(order.name()).cut_memo = CutMemo{true, "alice", "bad", now(), {}, {}};
    CHECK(deploy(thumbs, order));
    CHECK(set.world_cut == true);
  }
  SECTION("not where the cut gave up: its word stands") {
    REQUIRE(fleet::note_unfinished_cut(thumbs.context, order.name(), {"alice", "bad", now(), {}}));
    CHECK(deploy(thumbs, order));
    CHECK(set.world_cut == true);
    CHECK_FALSE(thumbs.record()["changed"].as_bool());
    CHECK(std::ranges::any_of(thumbs.out.lines, [](const std::string& line) {
      return line.contains("begun by alice (bad), and its broker never took it");
    }));
  }
}

TEST_CASE("the memory learns how many units a set has that is made again") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  REQUIRE(deploy(thumbs, order));
  auto& memo = *thumbs.entry(order.name()).set;
  memo.units = 8;  // it was scaled, and its home has lost that
  auto& set = thumbs.engine.sets[order.name().str()];
  set.state = "partial";
  set.processes = {{"worker", 2}, {"beat", 1}};
  CHECK(deploy(thumbs, order));
  CHECK(memo.units == 3);
  set.state = "partial";
  CHECK(deploy(thumbs, order));
  CHECK(std::ranges::count(thumbs.journal.lines, "memory.set owned") == 0);  // it knows
}

TEST_CASE("a known-bad revision is deployed when a person says so, and is pardoned by it") {
  FakeService thumbs;
  auto order = order_of(thumbs);
  thumbs.entry(order.name()).cut_memo = CutMemo{true, "alice", "bad", now() - 1h, {}, {}};
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(deploy(thumbs, order, {.even_bad = true}));
  CHECK_FALSE(thumbs.entry(order.name()).cut_memo->cut);
  CHECK(thumbs.journal.lines[3] == "memory.cut no");
}

TEST_CASE("a freeze stops a record, and a name goes on") {
  FakeService thumbs;
  thumbs.memory.held["thumbs"] = Hold{"alice", "a release", now(), {}};
  auto order = order_of(thumbs);
  order.by_record = true;
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(deploy(thumbs, order, {.even_held = true}));
  CHECK(deploy(thumbs, order_of(thumbs, "other")));
  CHECK(thumbs.out.lines.back().find("deployed all the same") != std::string::npos);
}

TEST_CASE(
    "what has fallen is started again as it is, in a freeze too, and made anew if that fails") {
  FakeService thumbs;
  auto order = order_of(thumbs);
  order.by_record = true;
  REQUIRE(deploy(thumbs, order));
  auto& set = thumbs.engine.sets[order.name().str()];
  set.served = true;
  const auto since = thumbs.entry(order.name()).set->deployed_at;
  const auto fall = [&](std::int64_t attempts) {
    set.state = "down";
    set.attempts = attempts;
  };
  const Lines again{"engine.claim",   "lock",         "unlock",      "claim.secret",
                    "door.provision", "claim.revive", "claim.finish"};
  fall(0);
  thumbs.memory.held["thumbs"] = Hold{"alice", "a release", now(), {}};
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.journal.lines == again);
  CHECK(thumbs.entry(order.name()).set->deployed_at == since);  // and is no newer for it
  fall(1);
  CHECK(deploy(thumbs, order));
  CHECK(std::ranges::find(thumbs.journal.lines, "deploy") != thumbs.journal.lines.end());
  fall(0);
  thumbs.engine.revivable = false;
  CHECK(deploy(thumbs, order));
  CHECK(std::ranges::find(thumbs.journal.lines, "deploy") != thumbs.journal.lines.end());
  fall(0);
  thumbs.memory.held["thumbs"].retiring = true;
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a set whose sources cannot be had any more is started again, or nothing is done") {
  FakeService thumbs;
  auto order = order_of(thumbs);
  order.unmakeable = Error{ExitCode::failed, "its file was edited"};
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.journal.lines.empty());
  order.unmakeable.reset();
  REQUIRE(deploy(thumbs, order));
  order.unmakeable = Error{ExitCode::failed, "its file was edited"};
  auto& set = thumbs.engine.sets[order.name().str()];
  set.served = true, set.state = "down", set.attempts = 3;
  CHECK(deploy(thumbs, order));
  CHECK(std::ranges::find(thumbs.journal.lines, "claim.revive") != thumbs.journal.lines.end());
  set.state = "down";
  thumbs.engine.revivable = false;
  CHECK_FALSE(deploy(thumbs, order));
  CHECK(thumbs.record()["error"].view().contains("its file was edited"));
}

TEST_CASE("who names an older revision holds out the newer, until that is named itself") {
  FakeService thumbs;
  auto order = order_of(thumbs);
  const SetName newer{"thumbs", "r0123456789"};
  order.turned_from = {newer};
  CHECK(deploy(thumbs, order, {.dry_run = true}));
  CHECK(thumbs.memory.held.empty());
  CHECK(thumbs.out.lines.back().find("would be held out") != std::string::npos);
  CHECK(deploy(thumbs, order));
  REQUIRE(thumbs.memory.held.contains(newer.str()));
  const auto held = thumbs.memory.held[newer.str()];
  CHECK(held.why == order.name().str() + " was deployed by hand");
  CHECK(deploy(thumbs, order));
  CHECK(thumbs.memory.held[newer.str()].at == held.at);

  auto forward = order_of(thumbs, "newer");
  thumbs.memory.held[forward.name().str()] = held;
  forward.by_record = true;
  CHECK_FALSE(deploy(thumbs, forward));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  forward.by_record = false;
  CHECK(deploy(thumbs, forward));
  CHECK_FALSE(thumbs.memory.held.contains(forward.name().str()));
}

TEST_CASE("a switch that would lose messages stops a deploy before anything is made") {
  FakeService thumbs;
  thumbs.journal.failing = "door.check";
  CHECK_FALSE(deploy(thumbs, order_of(thumbs)));
  CHECK(thumbs.journal.lines.empty());
}

TEST_CASE("a revision that comes back keeps its first time") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  const auto first = now() - 48h;
  thumbs.entry(order.name()).set =
      SetMemo{order.name(), "local", "here", order.sources, first, 1, now() - 24h, {}};
  CHECK(deploy(thumbs, order));
  const auto& memo = *thumbs.entry(order.name()).set;
  CHECK_FALSE(memo.reaped_at);
  CHECK(memo.first_deployed_at == first);
}

TEST_CASE("an order from a record is not believed") {
  FakeService thumbs;
  thumbs.change([](ServiceConfig& service) {
    service.sources.push_back({"thumbs", "trunk", "git", "https://here/thumbs", Json::object()});
  });
  const auto& service = thumbs.context.config().services.front();
  Sources sources{{"trunk", {"git", "https://elsewhere", "c0ffee", {}}},
                  {"service", service.shape()}};
  const auto record = [&](const std::string& name, const std::string& revision) {
    return Json::object({{"schema", "cdctl.revision/1"},
                         {"service", name},
                         {"revision", revision},
                         {"sources", to_json(sources)},
                         {"why", "known-bad"}});
  };
  const auto order = order_from_record(thumbs.context, record("thumbs", revision_id(sources)));
  REQUIRE(order);
  CHECK(order->even_bad);
  CHECK(order->by_record);
  CHECK(order->sources.at("trunk").url == "https://here/thumbs");  // the configuration's
  CHECK_FALSE(order_from_record(thumbs.context, record("thumbs", "r0123456789")));
  CHECK_FALSE(order_from_record(thumbs.context, record("nothing", revision_id(sources))));
  sources["more"] = {"git", "u", "1", {}};
  CHECK_FALSE(order_from_record(thumbs.context, record("thumbs", revision_id(sources))));
  sources.erase("more");
  sources["service"].revision = "another shape";
  CHECK_FALSE(order_from_record(thumbs.context, record("thumbs", revision_id(sources))));
}

TEST_CASE("a wait ends when all units are up, or at its deadline") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 1h);
  const auto& service = thumbs.context.config().services.front();
  CHECK(wait_until_up(thumbs.context, service, set, Millis(0), Deadline(5s)));
  thumbs.engine.sets[set.str()].up = 0;
  const auto late = wait_until_up(thumbs.context, service, set, Millis(0), Deadline(Millis(1)));
  REQUIRE_FALSE(late);
  CHECK(late.error().exit == ExitCode::timeout);
}

TEST_CASE("a wait for a set that is cut, or gone, or cannot be told, does not end well") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 1h);
  const auto& service = thumbs.context.config().services.front();
  const auto wait = [&](Millis timeout) {
    return wait_until_up(thumbs.context, service, set, Millis(0), Deadline(timeout));
  };
  thumbs.journal.failing = "memory.read";
  CHECK(wait(Millis(1)).error().exit == ExitCode::timeout);
  thumbs.journal.failing.clear();
  thumbs.entry(set).cut = true;
  thumbs.entry(set).cut_memo = CutMemo{true, "alice@web1", "wrong colours", now(), {}, {}};
  const auto cut = wait(5s);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().exit == ExitCode::failed);
  CHECK(cut.error().what.contains("by alice@web1: wrong colours"));
  thumbs.engine.sets[set.str()].state = "reaping";
  CHECK(wait(5s).error().exit == ExitCode::failed);
}

TEST_CASE("what a deploy waited for is in its record") {
  FakeService thumbs;
  const auto order = order_of(thumbs);
  CHECK_FALSE(deploy_set(thumbs.context, order, {.wait = true, .settle = Millis(0)},
                         Deadline(Millis(300))));
  CHECK(thumbs.record()["ok"].as_bool());  // it is out: only the wait was over
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["exit"].is_null());
  CHECK_FALSE(thumbs.record()["wait"]["served"].as_bool(true));
  CHECK(thumbs.record()["wait"]["exit"].as_int() == 6);
  CHECK(thumbs.context.exit_code() == 6);
  for (const auto& notice : notices_of(thumbs.record())) CHECK((notice.over || notice.change()));
  thumbs.engine.sets[order.name().str()].want = thumbs.engine.sets[order.name().str()].up = 1;
  CHECK(deploy_set(thumbs.context, order, {.wait = true, .settle = Millis(0)}, Deadline(5s)));
  CHECK(thumbs.record()["ok"].as_bool());
  CHECK(thumbs.record()["wait"]["served"].as_bool());
}
