#include <catch2/catch.hpp>

#include "core/actions/reap.hpp"
#include "core/actions/retire.hpp"
#include "tests/support/fake_service.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

bool reap(FakeService& thumbs, const Mark& mark, const ReapOptions& options = {}) {
  thumbs.journal.lines.clear();
  return reap_sets(thumbs.context, {{mark, options}}, 5s).failed == 0;
}
Mark by_hand(const SetName& set) { return {set, {}, "by hand", {}}; }

}  // namespace

TEST_CASE("a reap drains, stops, retires, buries, and removes what is left") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines == Lines{"door.connections", "lock", "door.connections", "door.drain",
                                      "unlock", "engine.stop", "lock", "door.retire",
                                      "memory.set reaped", "engine.destroy", "unlock"});
  CHECK(thumbs.steps() == "local door local");
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.entry(set).set->reaped_at);

  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["absent"].as_bool());
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.journal.lines.empty());
}

TEST_CASE("without a broker the lock is held until the engine has stopped the set") {
  FakeService thumbs(false);
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.stop", "unlock", "lock", "memory.set reaped",
                                      "engine.destroy", "unlock"});
}

TEST_CASE("a reap that was killed is completed without asking whether it may") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);  // the last one
  thumbs.engine.sets[set.str()].state = "reaping";
  thumbs.entry(set).cut = true;
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines == Lines{"engine.stop", "lock", "door.retire", "memory.set reaped",
                                      "engine.destroy", "unlock"});
}

TEST_CASE("a dry run of a reap checks everything and does nothing") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(reap(thumbs, by_hand(set), {.dry_run = true}));
  CHECK(thumbs.journal.lines == Lines{"door.connections"});
  CHECK(thumbs.record()["changed"].as_bool());
}

TEST_CASE("what a reap refuses") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK_FALSE(reap(thumbs, by_hand(set)));  // the newest
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK_FALSE(reap(thumbs, by_hand(set), {.even_newest = true}));  // the last
  CHECK(thumbs.record()["exit"].as_int() == 5);
  const auto newer = thumbs.deploy('b', 1h);
  CHECK_FALSE(reap(thumbs, {set, ReaperPolicy(), "old", now()}));  // not stale any more
  CHECK(thumbs.record()["error"].as_string().starts_with("refused: it is not stale any more"));
  CHECK_FALSE(reap(thumbs, {set, ReaperPolicy(), "old", now() - 11min}));
  CHECK_FALSE(reap(thumbs, {set, ReaperPolicy(), "old", now() + 1min}));
  CHECK(thumbs.journal.lines.empty());
  thumbs.engine.sets.erase(set.str());
  thumbs.entry(set).set->home = "there";
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["error"].as_string().starts_with("it lives in home"));
  thumbs.journal.failing = "engine.list";
  CHECK_FALSE(reap(thumbs, by_hand(newer)));
  CHECK(thumbs.record()["exit"].as_int() == 4);
}

TEST_CASE("only the owner touches the broker's part of a set") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).set->home = "there";
  CHECK_FALSE(reap(thumbs, by_hand(set)));  // units run here: a copy of a home
  CHECK(reap(thumbs, by_hand(set), {.dry_run = true, .even_last = true}));
  thumbs.engine.sets[set.str()].state = "partial";  // what a deploy left that came second
  CHECK(reap(thumbs, by_hand(set), {.dry_run = true}));
  CHECK(thumbs.journal.lines.empty());
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "claim.discard"});
  CHECK(thumbs.record()["leftover"].as_bool());
  CHECK(thumbs.entry(set).provisioned);
  CHECK_FALSE(thumbs.entry(set).set->reaped_at);
  CHECK_FALSE(thumbs.entry(set).cut.value());
  CHECK_FALSE(thumbs.engine.sets.contains(set.str()));

  CHECK_FALSE(reap(thumbs, by_hand(set)));  // now it is there alone
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("what another home has reaped is not retired again by what is left here") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  auto& entry = thumbs.entry(set);
  entry.set->home = "there";
  entry.set->reaped_at = now();
  entry.provisioned = false, entry.cut.reset();
  thumbs.engine.sets[set.str()].state = "partial";
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines == Lines{"engine.claim", "claim.discard"});
}

TEST_CASE("an owner that changes during a reap keeps its user") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "lock") thumbs.entry(set).set->home = "there";
  };
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.entry(set).provisioned);
  CHECK_FALSE(thumbs.entry(set).cut.value());
}

TEST_CASE("a reaper that stood still does not take the user of who came after it") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "engine.stop") thumbs.entry(set).set->home = "there";
  };
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.entry(set).provisioned);
  CHECK_FALSE(thumbs.entry(set).set->reaped_at);
}

TEST_CASE("a home that was renamed reaps nothing before a person has said so") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).set->home = "before";
  thumbs.engine.sets[set.str()].homes = {"before"};
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.journal.lines.empty());
}

TEST_CASE("what is left of a set that its home has lost is removed by its name") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  const auto set = thumbs.deploy('b', 1h);  // also the newest: it is offered again anyway
  thumbs.engine.sets.erase(set.str());
  CHECK_FALSE(reap(thumbs, by_hand(set)));  // its units work: on whose machine?
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.journal.lines == Lines{"door.connections"});
  thumbs.door.open_connections[set.str()] = 0;
  CHECK(reap(thumbs, by_hand(set)));
  CHECK_FALSE(thumbs.entry(set).provisioned);
  CHECK(thumbs.entry(set).set->reaped_at);
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["absent"].as_bool());
}

TEST_CASE("a set of a service that is not configured here is left alone") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  auto config = thumbs.context.config();
  config.services.clear();
  thumbs.context.use_config(std::move(config));
  CHECK_FALSE(reap(thumbs, by_hand(set), {.even_newest = true, .even_last = true}));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.record()["error"].as_string().find("--even-foreign") != std::string::npos);
  const ReapOptions person{.even_newest = true, .even_last = true, .even_foreign = true};
  const auto kept = thumbs.entry(set).set;
  thumbs.entry(set).set.reset();  // it is remembered elsewhere: a person cannot say so either
  CHECK_FALSE(reap(thumbs, by_hand(set), person));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.engine.sets.contains(set.str()));
  CHECK(thumbs.journal.lines.empty());
  thumbs.entry(set).set = kept;
  // Waited for, while other sets are looked at: what was made up for it is needed until the end.
  const auto other = thumbs.deploy('b', 1h);
  thumbs.engine.busy[set.str()] = thumbs.engine.busy[other.str()] = 2;
  const auto ends =
      reap_sets(thumbs.context, {{by_hand(set), person}, {by_hand(other), person}}, 5s);
  CHECK(ends.failed == 0);
  CHECK(thumbs.engine.sets.empty());
}

TEST_CASE("nothing follows a step of a reap that failed") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.failing = "engine.stop";
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.journal.lines.back() == "engine.stop");
  CHECK(thumbs.steps() == "local!");
  CHECK_FALSE(thumbs.entry(set).set->reaped_at);
  thumbs.journal.failing = "door.retire";
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.steps() == "local door!");
  thumbs.journal.failing.clear();
  CHECK(reap(thumbs, by_hand(set)));
}

TEST_CASE("a reap can be killed between its steps") {
  const std::string boundary =
      GENERATE(as<std::string>(), "reap.counted", "reap.drained", "reap.stopped", "reap.retired",
               "reap.buried", "reap.destroyed");
  INFO(boundary);
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(dies_at(boundary, [&] { (void)reap(thumbs, by_hand(set)); }));
}

TEST_CASE("more marks than allowed refuse the whole run") {
  Config config;
  config.services.resize(2);
  config.services[0].name = "thumbs", config.services[0].reaper.max_reaps = 2;
  config.services[1].name = "videos", config.services[1].reaper.max_reaps = 3;
  const auto marks = [](int thumbs, int videos) {
    std::vector<Mark> out;
    while (thumbs-- > 0) out.push_back(by_hand({"thumbs", "r0123456789"}));
    while (videos-- > 0) out.push_back(by_hand({"videos", "r0123456789"}));
    return out;
  };
  CHECK(check_max_reaps(config, {}, {}));
  CHECK(check_max_reaps(config, marks(2, 1), {}));
  CHECK_FALSE(check_max_reaps(config, marks(3, 0), {}));  // its own
  CHECK_FALSE(check_max_reaps(config, marks(2, 2), {}));  // of all, the largest
  CHECK(check_max_reaps(config, marks(3, 2), 5));
  CHECK_FALSE(check_max_reaps(config, marks(3, 2), 4));
  CHECK(check_max_reaps(config, marks(3, 2), 4).error().exit == ExitCode::refused);
  config.services.clear();  // foreign sets are refused one by one, and do not count
  CHECK(check_max_reaps(config, marks(20, 20), 4));
}

TEST_CASE("all sets are told to end before one is waited for") {
  FakeService thumbs(false);
  const auto first = thumbs.deploy('a', 3h), second = thumbs.deploy('b', 2h);
  thumbs.deploy('c', 1h);
  thumbs.engine.busy[first.str()] = 2;
  const auto ends = reap_sets(thumbs.context, {{by_hand(first), {}}, {by_hand(second), {}}}, 5s);
  CHECK(ends.done == 2);
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.stop", "unlock",  // the first is told
                                      "lock", "engine.stop", "unlock", "lock", "memory.set reaped",
                                      "engine.destroy", "unlock", "engine.stop", "engine.stop",
                                      "lock", "memory.set reaped", "engine.destroy", "unlock"});
  CHECK(thumbs.record()["set"].view() == first.str());
  CHECK(thumbs.record()["draining"].is_null());
}

TEST_CASE("a reap obeys the stop timeouts of the service, unless a grace is given") {
  FakeService thumbs;
  thumbs.change([](ServiceConfig& service) { service.stop_timeouts["worker"] = {30s, false}; });
  const auto first = thumbs.deploy('a', 3h), second = thumbs.deploy('b', 2h);
  thumbs.deploy('c', 1h);
  CHECK(reap(thumbs, by_hand(first)));
  CHECK(thumbs.engine.graces.at(0).of("worker") == 30s);
  CHECK(thumbs.engine.graces.at(0).of("web") == 10s);
  CHECK(reap(thumbs, by_hand(second), {.grace = 5s}));
  CHECK(thumbs.engine.graces.at(1).of("worker") == 5s);
}

TEST_CASE("a reap of long jobs tells them to end and leaves, and the next one removes the set") {
  FakeService thumbs;
  thumbs.change([](ServiceConfig& service) { service.stop_timeouts["worker"] = {2h, true}; });
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.engine.busy[set.str()] = 1000;
  const auto ends = reap_sets(thumbs.context, {{by_hand(set), {}}}, 5s);
  CHECK(ends.draining == 1);
  CHECK(thumbs.record()["ok"].as_bool());
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["draining"].as_bool());
  CHECK(*parse_rfc3339(thumbs.record()["until"].view()) > now() + 1h);
  CHECK_FALSE(thumbs.entry(set).set->reaped_at);
  CHECK(thumbs.context.exit_code() == 0);
  thumbs.engine.busy.clear();
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["draining"].is_null());
  CHECK(thumbs.entry(set).set->reaped_at);
}

TEST_CASE("a set that ends already does not count for max_reaps, and must still be ending") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  std::vector<Mark> marks(11, Mark{set, {}, "", {}, true});
  CHECK(check_max_reaps(thumbs.context.config(), marks, {}));
  CHECK_FALSE(reap(thumbs, marks.front()));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a service that is retired is held, reaped and forgotten") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  const ReapOptions options{Millis(0), false, true, true};
  CHECK(retire_service(thumbs.context, "thumbs", options, 5s));
  CHECK(thumbs.journal.lines.front() == "memory.hold yes");
  const Lines end(thumbs.journal.lines.end() - 5, thumbs.journal.lines.end());
  CHECK(end == Lines{"lock", "memory.trim 0", "memory.force no", "memory.hold no", "unlock"});
  CHECK(thumbs.record()["schema"].view() == "cdctl.retire/1");
  CHECK(thumbs.record()["reaped"].as_int() == 2);
  CHECK(thumbs.record()["forgotten"].as_int() == 2);
  CHECK(thumbs.engine.sets.empty());
}

TEST_CASE("a service of which a set is left is not forgotten") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  thumbs.journal.failing = "engine.stop";
  CHECK_FALSE(retire_service(thumbs.context, "thumbs", {Millis(0), false, true, true}, 5s));
  CHECK_FALSE(thumbs.record()["ok"].as_bool());
  CHECK(thumbs.memory.held.contains("thumbs"));
}

TEST_CASE("a set that holds no connection may be about to come back") {
  FakeService thumbs;
  const auto old = thumbs.deploy('a', 3h), set = thumbs.deploy('b', 2h);
  thumbs.door.open_connections.clear();  // the broker was restarted
  const ReaperPolicy all{.keep = 0, .min_age = {}, .prove_for = 24h * 365};
  const auto refused = [&](const Mark& mark, const ReapOptions& options) {
    const bool reaped = reap(thumbs, mark, options);
    return !reaped && thumbs.record()["exit"].as_int() == 5 &&
           thumbs.engine.sets.contains(mark.set.str());
  };
  CHECK(refused({old, all, "old", now()}, {}));
  CHECK(refused(by_hand(set), {.even_newest = true}));
  thumbs.door.open_connections[set.str()] = 1;
  CHECK(refused(by_hand(set), {.even_newest = true}));
  CHECK(reap(thumbs, {old, all, "old", now()}));  // the other one works
  thumbs.door.open_connections.clear();
  thumbs.engine.sets[set.str()].up = 0;  // and it is down: a deploy can repair it
  CHECK(refused(by_hand(set), {.even_newest = true}));
  CHECK(reap(thumbs, by_hand(set), {.even_newest = true, .even_last = true}));
}

TEST_CASE("what is down takes nothing from a service that has too little already") {
  FakeService thumbs;
  const auto down = thumbs.deploy('a', 3h);
  thumbs.deploy('b', 2h);
  thumbs.change([](ServiceConfig& service) { service.min_live = {2, false}; });
  thumbs.door.open_connections.erase(down.str());
  CHECK_FALSE(reap(thumbs, by_hand(down)));  // its units are up
  auto& status = thumbs.engine.sets[down.str()];
  status.up = 0, status.state = "down";
  thumbs.door.up_since_value = now() - 10s;  // the broker was restarted just now
  CHECK_FALSE(reap(thumbs, by_hand(down)));
  thumbs.door.up_since_value.reset();  // or nobody can say
  CHECK_FALSE(reap(thumbs, by_hand(down)));
  thumbs.door.up_since_value = now() - 10min;
  CHECK(reap(thumbs, by_hand(down)));
}

TEST_CASE("a set that never served is no loss") {
  FakeService thumbs;
  const auto stub = thumbs.deploy('a', 3h);
  thumbs.door.open_connections.clear();
  auto& status = thumbs.engine.sets[stub.str()];
  status.up = 0, status.state = "partial", status.served = false;
  CHECK(reap(thumbs, by_hand(stub), {.even_newest = true}));
}

TEST_CASE("a percentage of nothing is not nothing") {
  FakeService thumbs;
  const auto old = thumbs.deploy('a', 3h);
  thumbs.deploy('b', 2h);
  thumbs.change([](ServiceConfig& service) { service.min_live = {50, true}; });
  thumbs.door.open_connections.clear();
  CHECK_FALSE(reap(thumbs, by_hand(old)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a reaper that stood still counts again, and lets the set in again") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 3h), other = thumbs.deploy('b', 2h);
  thumbs.entry(set).limit = 7;
  const auto standing_still = GENERATE(as<std::string>(), "door.drain", "lock.prove");
  const bool cut_meanwhile = GENERATE(true, false);
  INFO(standing_still << " " << cut_meanwhile);
  thumbs.journal.beside = [&, once = true](const std::string& call) mutable {
    if (call != standing_still || !std::exchange(once, false)) return;
    thumbs.memory.lock_lost = true;
    if (!cut_meanwhile) return;
    thumbs.entry(other).cut = true;
    thumbs.entry(other).cut_memo = CutMemo{true, "bob@web2", "by hand", now(), {}, {}};
  };
  CHECK(reap(thumbs, by_hand(set)) != cut_meanwhile);
  CHECK(thumbs.engine.sets.contains(set.str()) == cut_meanwhile);
  if (cut_meanwhile) {
    CHECK(thumbs.record()["exit"].as_int() == 5);
    CHECK(thumbs.entry(set).cut == false);
    CHECK(std::ranges::find(thumbs.journal.lines, "door.mend 7") != thumbs.journal.lines.end());
    CHECK(std::ranges::find(thumbs.journal.lines, "engine.stop") == thumbs.journal.lines.end());
  }
}

TEST_CASE("a breaker's cut outlives the reap that is taken back") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 3h), other = thumbs.deploy('b', 2h);
  thumbs.journal.beside = [&, once = true](const std::string& call) mutable {
    if (call != "lock.prove" || !std::exchange(once, false)) return;
    thumbs.memory.lock_lost = true;
    thumbs.journal.failing = "lock";
    thumbs.entry(set).cut_memo = CutMemo{true, "bob@web2", "by hand", now(), {}, {}};
  };
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 4);
  CHECK(thumbs.entry(set).cut == true);
}

TEST_CASE("a limit that a killed reap left is no cut: its workers may still be at it") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 3h), other = thumbs.deploy('b', 2h);
  thumbs.entry(set).cut = true;
  thumbs.entry(other).cut = true;
  thumbs.entry(other).cut_memo = CutMemo{true, "bob@web2", "by hand", now(), {}, {}};
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a reaper that stood still after the stop removes no user of a set that came anew") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 3h);
  thumbs.deploy('b', 2h);
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "engine.stop") return;
    if (call == "lock" && thumbs.engine.sets[set.str()].state == "reaping")
      thumbs.engine.sets[set.str()].state = "live";
  };
  CHECK_FALSE(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.entry(set).provisioned);
  CHECK(thumbs.engine.sets.contains(set.str()));
}

TEST_CASE("a retirement that lost its lock forgets nothing") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  thumbs.journal.beside = [&](const std::string& call) {
    if (call == "lock.prove" && thumbs.engine.sets.empty()) thumbs.memory.lock_lost = true;
  };
  CHECK_FALSE(retire_service(thumbs.context, "thumbs", {Millis(0), false, true, true}, 5s));
  CHECK(thumbs.record()["exit"].as_int() == 4);
  CHECK(thumbs.memory.held.contains("thumbs"));
}

TEST_CASE("a mark on what a person has rolled back to is not true any more") {
  FakeService thumbs;
  const auto old = thumbs.deploy('a', 30h), newer = thumbs.deploy('b', 2h);
  ReaperPolicy policy;
  policy.keep = 1, policy.min_age = 0ms, policy.prove_for = 0ms;
  const Mark mark{old, policy, "1 newer live set, keep 1", now()};
  thumbs.memory.held[newer.str()] = Hold{"alice", "rolled back", now(), {}};
  CHECK_FALSE(reap(thumbs, mark));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  thumbs.memory.held.clear();
  CHECK(reap(thumbs, mark));
}

TEST_CASE("a mark is not true any more when the newer set has come to take no work") {
  FakeService thumbs;
  const auto old = thumbs.deploy('a', 30h), newer = thumbs.deploy('b', 2h);
  ReaperPolicy policy;
  policy.keep = 1, policy.min_age = 0ms, policy.prove_for = 0ms;
  const Mark mark{old, policy, "1 newer live set, keep 1", now()};
  thumbs.door.work[newer.str()] = {true, 1, 0, 0};
  CHECK_FALSE(reap(thumbs, mark));
  CHECK(thumbs.record()["error"].as_string().contains("not stale any more"));
  thumbs.door.work.clear();
  CHECK(reap(thumbs, mark));
}

TEST_CASE("a home that is gone for good is a person's word") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  const auto neighbour = thumbs.deploy('b', 1h);
  for (const auto& one : {set, neighbour}) {
    thumbs.entry(one).set->home = "dead:/var/lib/cdctl";
    thumbs.engine.sets.erase(one.str());
    thumbs.door.open_connections[one.str()] = 0;
  }
  ReapOptions word{.gone_home = "dead:/var/lib/cdctl"};
  const auto error = [&] { return thumbs.record()["error"].as_string(); };
  SECTION("its user and its memo go, and nothing is stopped; no guard counts what works nowhere") {
    CHECK_FALSE(reap(thumbs, by_hand(set)));
    CHECK(error().contains("cdctl reap " + set.str() + " --gone-home dead:/var/lib/cdctl"));
    word.dry_run = true;
    CHECK(reap(thumbs, by_hand(set), word));
    CHECK(thumbs.record()["changed"].as_bool());
    CHECK_FALSE(thumbs.entry(set).set->reaped_at);
    word.dry_run = false;
    CHECK(reap(thumbs, by_hand(set), word));
    CHECK(thumbs.journal.lines == Lines{"door.connections", "lock", "door.connections",
                                        "door.retire", "memory.set reaped", "unlock"});
    CHECK(thumbs.record()["gone_home"].view() == "dead:/var/lib/cdctl");
    CHECK(thumbs.entry(set).set->reaped_at);
    CHECK_FALSE(thumbs.entry(set).provisioned);
    CHECK(reap(thumbs, by_hand(neighbour), word));  // the newest, and the last
    CHECK(reap(thumbs, by_hand(neighbour), word));
    CHECK(thumbs.record()["absent"].as_bool());
  }
  SECTION("not while a set of that home is connected, be it another one") {
    thumbs.door.open_connections[neighbour.str()] = 1;
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(error().contains(neighbour.str() + " holds a connection"));
  }
  SECTION("not just after the broker came back") {
    thumbs.door.up_since_value = now() - 10s;
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(error().contains("about to connect"));
  }
  SECTION("not for another home") {
    word.gone_home = "other:/var/lib/cdctl";
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(error().contains("it lives in home dead:/var/lib/cdctl"));
  }
  SECTION("not for this one") {
    const auto ours = thumbs.deploy('c', 30min);
    word.gone_home = "here";
    CHECK_FALSE(reap(thumbs, by_hand(ours), word));
    thumbs.engine.sets.erase(ours.str());  // nor for what it has lost
    CHECK_FALSE(reap(thumbs, by_hand(ours), word));
    CHECK(error().contains("this home has it, or had it last"));
  }
  SECTION("not for a folder of this machine") {
    thumbs.engine.home_value = "machine:/elsewhere";
    word.gone_home = "machine:" + thumbs.home.path().string();
    thumbs.entry(set).set->home = word.gone_home;
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(error().contains("reap it with CDCTL_HOME="));
  }
  SECTION("not when nobody can be asked") {
    thumbs.journal.failing = "door.connections";
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(thumbs.record()["exit"].as_int() == 4);
  }
  SECTION("not when the lock was lost") {
    thumbs.memory.lock_lost = true;
    CHECK_FALSE(reap(thumbs, by_hand(set), word));
    CHECK(thumbs.record()["exit"].as_int() == 4);
    CHECK(thumbs.entry(set).provisioned);
  }
  SECTION("a retirement takes it for the sets of that home alone") {
    const auto ours = thumbs.deploy('c', 30min);
    thumbs.journal.lines.clear();
    CHECK(retire_service(thumbs.context, "thumbs",
                         {.even_newest = true, .even_last = true, .gone_home = word.gone_home},
                         5s));
    CHECK_FALSE(thumbs.engine.sets.contains(ours.str()));
    CHECK(thumbs.record()["reaped"].as_int() == 3);
  }
}

TEST_CASE("what is left of a set that was reaped while its home was given up goes by name") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).set->reaped_at = now() - 30min;
  thumbs.entry(set).provisioned = false;
  thumbs.entry(set).cut.reset();
  CHECK_FALSE(reap(thumbs, by_hand(set)));  // its units run
  CHECK(thumbs.record()["error"].as_string().contains("this home was given up"));
  thumbs.engine.sets[set.str()].state = "down";
  CHECK(reap(thumbs, by_hand(set)));
  CHECK(thumbs.record()["leftover"].as_bool());
  CHECK_FALSE(thumbs.engine.sets.contains(set.str()));
  CHECK(thumbs.entry(set).set->reaped_at);
}

TEST_CASE("a mark of a machine with another clock is refused, and says whose clock is wrong") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  const auto ahead = GENERATE(Millis(0), Millis(1h), Millis(-1h));
  const auto age = GENERATE(Millis(1h), Millis(-1h));
  CAPTURE(ahead.count(), age.count());
  thumbs.memory.ahead = ahead;
  Mark mark{set, ReaperPolicy(), "old", now() - age, {}};
  CHECK_FALSE(reap(thumbs, mark));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  const auto error = thumbs.record()["error"].as_string();
  CHECK(error.contains(age > Millis(0) ? "the mark is " : "the mark is from the future"));
  CHECK(error.contains("run NTP here") == (ahead != Millis(0)));
  CHECK(error.contains("cdctl stale again") == (ahead == Millis(0)));
  CHECK(thumbs.journal.lines.empty());
}
