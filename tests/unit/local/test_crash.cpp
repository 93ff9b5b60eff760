// Every step of the engine is cut short by SIGKILL, and done again.

#include "tests/support/local_home.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

std::string worker() { return "setsid sleep " + k_word + " & exec sleep " + k_word; }

void check_live(LocalHome& home) {
  const auto sets = must(home.engine.list({}, soon()));
  REQUIRE(sets.size() == 1);
  CHECK(sets[0].state == "live");
  CHECK(sets[0].up == 1);
  CHECK(sets[0].world_cut == false);
  CHECK(eventually([&] { return home.processes_with(k_word) == 2; }));
}
void check_gone(LocalHome& home) {
  CHECK(must(home.engine.list({}, soon())).empty());
  CHECK_FALSE(std::filesystem::exists(home.folder()));
  CHECK(home.processes_with(k_word) == 0);
}

}  // namespace

TEST_CASE("a deploy that is killed anywhere is done by the next one") {
  const std::string point =
      GENERATE(as<std::string>(), "local.claim.folder", "local.claim.locked", "local.claim.record",
               "local.clean.unfinished", "local.clean.halted", "local.clean.emptied",
               "local.start.run", "local.start.launched", "local.finish.attempts",
               "local.finish.marked", "local.finish.marked:2");
  INFO(point);
  LocalHome home;
  REQUIRE(crashes_at(point, [&] { (void)home.try_deploy(home.workload(worker())); }));
  const auto sets = must(home.engine.list({}, soon()));
  const bool complete = point == "local.finish.marked:2";
  for (const auto& set : sets) CHECK(set.state == (complete ? "live" : "partial"));
  must(home.try_deploy(home.workload(worker())));
  check_live(home);
  must(home.reap(Millis(100)));
  check_gone(home);
}

TEST_CASE("a repair that is killed anywhere is done by the next one") {
  const std::string point = GENERATE(as<std::string>(), "local.clean.unfinished",
                                     "local.clean.halted", "local.clean.emptied", "local.start.run",
                                     "local.start.launched", "local.finish.attempts");
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  REQUIRE(crashes_at(point, [&] { (void)home.try_deploy(home.workload(worker())); }));
  CHECK(home.state() == "partial");
  CHECK(home.status().served);
  must(home.try_deploy(home.workload(worker())));
  check_live(home);
}

TEST_CASE("a cut that is killed anywhere is done by the next one") {
  const NoCgroup scope(GENERATE(false, true));
  const std::string point =
      GENERATE(as<std::string>(), "local.cut.marked", "local.cut.frozen", "local.cut.done");
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  REQUIRE(crashes_at(point, [&] { (void)home.engine.cut(k_set, soon()); }));
  const auto half = home.status().world_cut;
  CHECK(half == (point == "local.cut.marked"
                     ? std::nullopt
                     : std::optional(true)));  // never "not cut" while it may be
  must(home.engine.cut(k_set, soon()));
  CHECK(home.status().world_cut == true);
  CHECK(home.unit()["state"].view() == "frozen");
  must(home.engine.mend(k_set, false, soon()));
  check_live(home);
}

TEST_CASE("a mend that is killed anywhere is done by the next one") {
  const std::string point = GENERATE(as<std::string>(), "local.mend.marked", "local.mend.done",
                                     "local.mend.halted", "local.mend.unmarked");
  const bool dead = point == "local.mend.halted" || point == "local.mend.unmarked";
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  must(home.engine.cut(k_set, soon()));
  if (dead) {
    local::send_signal(home.supervisor(), SIGKILL);
    REQUIRE(eventually([&] { return home.state() == "down"; }));
  }
  REQUIRE(crashes_at(point, [&] { (void)home.engine.mend(k_set, false, soon()); }));
  must(home.engine.mend(k_set, false, soon()));
  if (point ==
      "local.mend.unmarked") {  // it is not cut any more, only down: that is a deploy's to repair
    CHECK(home.state() == "down");
    must(home.try_deploy(home.workload(worker())));
  }
  check_live(home);
}

TEST_CASE("a reap that is killed anywhere is done by the next one") {
  const NoCgroup scope(GENERATE(false, true));
  const std::string point =
      GENERATE(as<std::string>(), "local.stop.marked", "local.stop.halted", "local.destroy.proven",
               "local.destroy.secrets", "local.destroy.emptied", "local.destroy.removed",
               "local.destroy.removed:2", "local.destroy.removed:3", "local.destroy.removed:4");
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  REQUIRE(crashes_at(point, [&] { (void)home.reap(Millis(100)); }));
  const auto sets = must(home.engine.list({}, soon()));
  for (const auto& set : sets) CHECK(set.state == "reaping");
  must(home.reap(Millis(100)));
  check_gone(home);
}

TEST_CASE("a reap that is killed anywhere does not keep the set from being deployed again") {
  const std::string point =
      GENERATE(as<std::string>(), "local.stop.marked", "local.stop.halted", "local.destroy.secrets",
               "local.destroy.emptied", "local.destroy.removed", "local.destroy.removed:3");
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  REQUIRE(crashes_at(point, [&] { (void)home.reap(Millis(100)); }));
  must(home.try_deploy(home.workload(worker())));
  check_live(home);
}

TEST_CASE("a discard that is killed anywhere is done by the next one") {
  const std::string point =
      GENERATE(as<std::string>(), "local.discard.marked", "local.destroy.secrets",
               "local.destroy.emptied", "local.destroy.removed", "local.destroy.removed:2",
               "local.destroy.removed:3", "local.destroy.removed:4");
  INFO(point);
  LocalHome home;
  home.deploy(worker());
  const auto discard = [&] {
    return must(home.engine.claim(k_set, some_sources(), now(), soon()))->discard(soon());
  };
  REQUIRE(crashes_at(point, [&] { (void)discard(); }));
  CHECK(must(discard()));
  check_gone(home);
}

TEST_CASE("a supervisor killed at any moment of a reap leaves nothing") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy("trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 0.05; done; : " +
              k_word + "' & while :; do sleep 0.05; done; : " + k_word);
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 2; }));
  const auto supervisor = home.supervisor();
  std::thread killer([&] {
    std::this_thread::sleep_for(Millis(100));  // within the grace
    local::send_signal(supervisor, SIGKILL);
  });
  home.reap_in_doubt(Millis(1000));
  killer.join();
  check_gone(home);
}
