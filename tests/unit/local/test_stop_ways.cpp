#include "plugins/local/stop_words.hpp"
#include "tests/support/local_home.hpp"

// Who of a unit hears that it shall end, and what else it hears.

using namespace cdctl;
using namespace cdctl::test;

namespace {

/// A main process that has a job done by a helper, and waits for it when it is told to end; QUIT
/// makes it end at once. The helper writes down a TERM of its own, which would be the end of a job.
const std::string k_worker =
    "cat >helper <<'END'\n#!/bin/sh\n"
    "trap 'echo term >> helper.txt; exit 1' TERM\n"
    "n=0; while [ $n -lt ${1:-40} ]; do sleep 0.05; n=$((n+1)); done; echo done >> done.txt\n"
    "END\n"
    "cat >main <<'END'\n#!/bin/sh\n"
    "./helper $1 & helper=$!\n"
    "trap 'end=1; echo term >> main.txt' TERM\n"
    "trap 'kill -9 $helper; echo quit > quit.txt; exit 3' QUIT\n"
    "echo ready > ready.txt\n"
    "while [ -z \"$end\" ]; do sleep 0.05; done\n"
    "while kill -0 $helper 2>/dev/null; do sleep 0.05; done\n"
    "END\n"
    "chmod +x helper main; ";

Grace told_by_main(Millis grace = Millis(20'000)) {
  return {grace, {}, {{"worker", StopWay{true, 0, {}}}}};
}

bool ready(const LocalHome& home) {
  return eventually([&] { return home.size_of("ready.txt") > 0; });
}

bool ends(LocalHome& home, const Grace& grace) {
  return eventually([&] { return must(home.engine.begin_stop(k_set, grace, soon())).done; },
                    Millis(20'000));
}

}  // namespace

TEST_CASE(
    "TERM reaches the main process and none of its helpers, however the Procfile is written") {
  const NoCgroup scope(GENERATE(false, true));
  const std::string command =
      GENERATE(as<std::string>(), "exec ./main", "./main", "true && ./main",
               "./main; :", "./main 2>&1 | cat > out.txt",
               "printf '#!/bin/sh\\n./main\\n:\\n' > run; chmod +x run; ./run");
  INFO(command);
  LocalHome home;
  home.deploy(k_worker + command);
  REQUIRE(ready(home));
  CHECK(ends(home, told_by_main()));
  CHECK(home.size_of("main.txt") == 5);     // once
  CHECK(home.size_of("helper.txt") == -1);  // and nobody else
  CHECK(home.size_of("done.txt") == 5);     // so that no job is lost
}

TEST_CASE("a script with an answer to TERM is the main process, not the job that it waits for") {
  LocalHome home;
  home.deploy(
      "trap 'stop=1' TERM; echo ready > ready.txt; "
      "while [ -z \"$stop\" ]; do sh -c 'sleep 0.3; echo job >> jobs.txt'; done; "
      "echo end > end.txt");
  REQUIRE(eventually([&] { return home.size_of("jobs.txt") > 0; }));
  CHECK(ends(home, told_by_main()));
  CHECK(home.size_of("end.txt") == 4);
}

TEST_CASE("what the main process leaves behind is told when it is gone") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(
      "trap 'exit 0' TERM; (trap 'echo term > left.txt; exit 0' TERM; echo ready > ready.txt; "
      "while :; do sleep 0.05; done) & while :; do sleep 0.05; done");
  REQUIRE(ready(home));
  CHECK(ends(home, told_by_main()));
  CHECK(home.size_of("left.txt") == 5);
}

TEST_CASE("the main process is told alone by who finds its supervisor dead, too") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  auto what = home.workload(k_worker + "./main; :");
  what.grace = told_by_main();
  must(home.try_deploy(what));
  REQUIRE(ready(home));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  SECTION("in a reap that waits") { must(home.engine.stop(k_set, Millis(20'000), soon())); }
  SECTION("in one that does not") { CHECK(ends(home, told_by_main())); }
  CHECK(home.size_of("main.txt") == 5);
  CHECK(home.size_of("helper.txt") == -1);
  CHECK(home.size_of("done.txt") == 5);
}

TEST_CASE("and so it is by who finds its supervisor standing still") {
  LocalHome home;
  auto what = home.workload(k_worker + "./main; :");
  what.grace = told_by_main();
  must(home.try_deploy(what));
  REQUIRE(ready(home));
  local::send_signal(home.supervisor(), SIGSTOP);
  must(home.engine.stop(k_set, Millis(5'000), soon()));
  CHECK(home.size_of("main.txt") == 5);
  CHECK(home.size_of("helper.txt") == -1);
  CHECK(home.size_of("done.txt") == 5);
}

TEST_CASE("the second signal comes after its time, and goes to who got the first") {
  LocalHome home;
  home.deploy(k_worker + "./main 4000; :");
  REQUIRE(ready(home));
  CHECK(ends(home, {Millis(20'000), {}, {{"", StopWay{true, SIGQUIT, Millis(300)}}}}));
  CHECK(home.size_of("quit.txt") == 5);
  CHECK(home.size_of("done.txt") == -1);
}

TEST_CASE("a stop that says nothing of the way takes that of the deploy") {
  LocalHome home;
  auto what = home.workload(k_worker + "./main; :");
  what.grace = told_by_main();
  must(home.try_deploy(what));
  REQUIRE(ready(home));
  must(home.engine.stop(k_set, Millis(20'000), soon()));
  CHECK(home.size_of("helper.txt") == -1);
  CHECK(home.size_of("done.txt") == 5);
}

TEST_CASE("the words for a supervisor come back as they were") {
  const Grace grace{Millis(10'000),
                    {{"web", Millis(30'000)}},
                    {{"", StopWay{true, 0, {}}}, {"web", StopWay{false, 3, Millis(5000)}}}};
  CHECK(local::grace_words(grace) == "10000 web=30000 !main,0,0 web!group,3,5000");
  const auto read = local::parse_grace(local::grace_words(grace));
  CHECK(read.otherwise == grace.otherwise);
  CHECK(read.own == grace.own);
  CHECK(read.ways == grace.ways);
  CHECK(local::parse_stop_way("main 3 300") == StopWay{true, 3, Millis(300)});
  CHECK_FALSE(local::parse_stop_way("someone 3 300"));
  CHECK_FALSE(local::parse_stop_way("main 99 300"));
}

TEST_CASE("a trial starts one unit of each process, and a mend after it the others") {
  LocalHome home;
  auto what = home.workload("echo x >> begun.txt; exec sleep 1000", 3);
  what.processes.push_back({"web", "echo y >> begun.txt; exec sleep 1000", 2});
  must(home.try_deploy(what));
  REQUIRE(eventually([&] { return home.size_of("begun.txt") == 10; }));
  must(home.engine.cut(k_set, soon()));
  CHECK(must(home.engine.mend_some(k_set, soon())).changed);
  REQUIRE(eventually([&] { return home.size_of("begun.txt") == 14; }));
  CHECK(home.status().up == 2);
  CHECK(home.status().world_cut == false);
  SECTION("once, however often it begins") {
    must(home.engine.mend_some(k_set, soon()));
    CHECK(home.status().up == 2);
    CHECK(home.size_of("begun.txt") == 14);
  }
  SECTION("and none that is added meanwhile") {
    must(home.engine.scale(k_set, {{"worker", 4}}, soon()));
    CHECK(home.status().up == 2);
    CHECK(must(home.engine.mend(k_set, false, soon())).changed);
    CHECK(eventually([&] { return home.status().up == 6; }));
  }
  SECTION("when it passes") {
    CHECK(must(home.engine.mend(k_set, false, soon())).changed);
    CHECK(eventually([&] { return home.size_of("begun.txt") == 20; }));
    CHECK(home.status().up == 5);
    CHECK_FALSE(must(home.engine.mend(k_set, false, soon())).changed);
  }
  SECTION("when it is cut again, and mended later") {
    must(home.engine.cut(k_set, soon()));
    CHECK(must(home.engine.mend(k_set, false, soon())).changed);
    CHECK(eventually([&] { return home.status().up == 5; }));
  }
}
