#include "tests/support/local_home.hpp"

// The time between TERM and KILL: it is given to every process of a unit, not to its shell alone.

using namespace cdctl;
using namespace cdctl::test;

namespace {

/// A job that takes `rest` seconds more when it is told to end, and says that it was done.
std::string job(const std::string& rest) {
  return "trap 'sleep " + rest +
         "; echo done >> done.txt; exit 0' TERM; echo ready >> ready.txt; "
         "while :; do sleep 0.01; done";
}

/// As people write it: a script that has the worker as its child and dies of TERM itself.
std::string by_script(const std::string& work, const std::string& before = "") {
  return "cat >job <<'END'\n#!/bin/sh\n" + work + "\nEND\nprintf '#!/bin/sh\\n" + before +
         "./job\\n:\\n' >run; chmod +x run job; ./run";
}

bool ready(const LocalHome& home) {
  return eventually([&] { return home.size_of("ready.txt") > 0; });
}

Stopping told(LocalHome& home, const Grace& grace) {
  return must(home.engine.begin_stop(k_set, grace, soon()));
}

bool ends(LocalHome& home, const Grace& grace) {
  return eventually([&] { return told(home, grace).done; });
}

}  // namespace

TEST_CASE("the worker of a script that dies of TERM has its grace") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(by_script(job("0.3")));
  REQUIRE(ready(home));
  must(home.reap(Millis(10'000)));
  CHECK(home.size_of("done.txt") > 0);
}

TEST_CASE("so has one that left the session of its unit") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(by_script(job("0.3"), "setsid "));
  REQUIRE(ready(home));
  must(home.reap(Millis(10'000)));
  CHECK(home.size_of("done.txt") > 0);
}

TEST_CASE("TERM is sent once to each: a second one means at once to some") {
  LocalHome home;
  home.deploy(
      "trap 'echo term >> terms.txt' TERM; echo ready > ready.txt; n=0; "
      "while [ $n -lt 60 ]; do sleep 0.02; n=$((n+1)); done");
  REQUIRE(ready(home));
  CHECK_FALSE(told(home, {}).done);
  CHECK_FALSE(told(home, {}).done);
  CHECK(ends(home, {}));
  CHECK(home.size_of("terms.txt") == 5);
}

TEST_CASE("the end of a set is begun without waiting, and each process has its own grace") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  auto what = home.workload("trap '' TERM; echo ready >> ready.txt; " + ticker("worker.txt"));
  what.processes.push_back(
      {"web", "trap '' TERM; echo ready >> ready.txt; " + ticker("web.txt"), 1});
  must(home.try_deploy(what));
  REQUIRE(eventually([&] { return home.size_of("ready.txt") == 12; }));
  const Grace grace{Millis(100), {{"worker", Millis(60'000)}}};
  const auto first = told(home, grace);
  CHECK_FALSE(first.done);
  CHECK(first.step.changed);
  CHECK(first.left >= 2);
  REQUIRE(first.until);
  CHECK(*first.until > now() + Millis(50'000));
  CHECK(home.state() == "reaping");
  CHECK(eventually([&] {  // its grace is over
    const auto size = home.size_of("web.txt");
    std::this_thread::sleep_for(Millis(100));
    return home.size_of("web.txt") == size;
  }));
  const auto size = home.size_of("worker.txt");
  CHECK(eventually([&] { return home.size_of("worker.txt") > size; }));
  const auto second = told(home, grace);
  CHECK_FALSE(second.done);
  CHECK_FALSE(second.step.changed);
  CHECK(*second.until <= *first.until + Millis(1));  // nobody prolongs it
  CHECK(ends(home, {Millis(0), {}}));                // but it can be shortened
  must(home.engine.destroy(k_set, soon()));
}

TEST_CASE("a set that is cut while it ends has no more time") {
  LocalHome home;
  home.deploy("trap '' TERM; echo ready > ready.txt; " + ticker("ticks.txt"));
  REQUIRE(ready(home));
  CHECK_FALSE(told(home, {Millis(60'000), {}}).done);
  must(home.engine.cut(k_set, soon()));
  CHECK(ends(home, {Millis(60'000), {}}));
}

TEST_CASE("what a supervisor that was killed leaves behind has its grace") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  // Nobody reads any more what it says
  home.deploy(by_script("exec >/dev/null 2>&1\n" + job("0.3")));
  REQUIRE(ready(home));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  SECTION("in a reap that waits") { must(home.engine.stop(k_set, Millis(10'000), soon())); }
  SECTION("in one that does not") {
    CHECK_FALSE(told(home, {}).done);
    CHECK(ends(home, {}));
  }
  SECTION("in a deploy that brings the set back") { home.deploy("exec sleep 1000"); }
  CHECK(home.size_of("done.txt") > 0);
}

TEST_CASE("what a unit leaves behind has its grace, and the unit starts when it is gone") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(by_script(job("0.5")));
  REQUIRE(ready(home));
  ::kill(static_cast<pid_t>(home.unit()["pid"].as_int()), SIGKILL);
  REQUIRE(eventually([&] { return home.size_of("ready.txt") == 12; }));
  CHECK(home.size_of("done.txt") > 0);
}

TEST_CASE("what a unit leaves behind is killed when the stop timeout of its process is over") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  auto what = home.workload(by_script("trap '' TERM; echo ready >> ready.txt; " + ticker("t.txt")));
  what.grace.own["worker"] = Millis(300);
  must(home.try_deploy(what));
  REQUIRE(ready(home));
  ::kill(static_cast<pid_t>(home.unit()["pid"].as_int()), SIGKILL);
  CHECK(eventually([&] { return home.size_of("ready.txt") == 12; }));
}

TEST_CASE("a supervisor that the machine ends gives what the deploy has granted") {
  LocalHome home;
  auto what = home.workload(by_script(job("0.3")));
  what.grace = {Millis(0), {{"worker", Millis(20'000)}}};
  must(home.try_deploy(what));
  REQUIRE(ready(home));
  local::send_signal(home.supervisor(), SIGTERM);
  REQUIRE(eventually([&] { return !std::filesystem::exists(home.folder() / "fence"); }));
  CHECK(home.size_of("done.txt") > 0);
}

TEST_CASE("a mend kills what was frozen, and nothing that still works") {
  LocalHome home;
  home.deploy(by_script(job("0")));
  REQUIRE(ready(home));
  std::ofstream(home.folder() / "frozen") << "asked";  // of a cut that was killed on its way
  CHECK(must(home.engine.mend(k_set, false, soon())).changed);
  std::this_thread::sleep_for(Millis(100));
  CHECK(home.size_of("ready.txt") == 6);
  CHECK(home.status().world_cut == false);
  must(home.engine.cut(k_set, soon()));
  CHECK(must(home.engine.mend(k_set, false, soon())).changed);
  CHECK(eventually([&] { return home.size_of("ready.txt") == 12; }));
  CHECK(home.size_of("done.txt") == -1);
}
