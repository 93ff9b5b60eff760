#include "tests/support/local_home.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/claim.hpp"
#include "plugins/local/launch.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

std::string text_of(const std::filesystem::path& path) { return read_file(path).value_or(""); }
bool ticks(const LocalHome& home, const std::string& file) {
  const auto before = home.size_of(file);
  return eventually([&] { return home.size_of(file) > before; }, Millis(3000));
}
bool stands_still(const LocalHome& home, const std::string& file) {
  std::this_thread::sleep_for(Millis(50));  // what was in flight when it was frozen
  const auto before = home.size_of(file);
  std::this_thread::sleep_for(Millis(150));
  return home.size_of(file) == before;
}

}  // namespace

TEST_CASE("a home without sets lists none, and finds nothing to do") {
  LocalHome home;
  CHECK(must(home.engine.list({}, soon())).empty());
  CHECK(home.state() == "absent");
  CHECK_FALSE(must(home.engine.cut(k_set, soon())).changed);
  CHECK_FALSE(must(home.engine.mend(k_set, false, soon())).changed);
  CHECK_FALSE(must(home.engine.stop(k_set, Millis(0), soon())).changed);
  CHECK_FALSE(must(home.engine.destroy(k_set, soon())).changed);
  CHECK_FALSE(std::filesystem::exists(home.paths.sets()));
}

TEST_CASE("a deployed set is live, outlives its claim, and tells about its units") {
  LocalHome home;
  const auto deployed_at = now();
  {
    auto claim = must(home.engine.claim(k_set, some_sources(), deployed_at, soon()));
    CHECK(claim->found().state == "absent");
    CHECK(home.state() == "deploying");
    must(claim->clean(soon()));
    must(claim->start(
        home.workload("echo hello from $CDCTL_SET $CDCTL_UNIT $CDCTL_PROCESS; exec sleep 1000", 2),
        soon()));
    CHECK(home.state() == "deploying");
    must(claim->finish());
  }
  const auto sets = must(home.engine.list("thumbs", soon()));
  REQUIRE(sets.size() == 1);
  CHECK(sets[0].state == "live");
  CHECK(sets[0].home == home.engine.home());
  CHECK(sets[0].home.ends_with(":" + (home.dir.path() / "home").string()));
  CHECK(sets[0].want == 2);
  CHECK(sets[0].up == 2);
  CHECK(sets[0].served);
  CHECK(sets[0].world_cut == false);
  CHECK(sets[0].deployed_at == deployed_at);
  CHECK(sets[0].sources == some_sources());
  CHECK(must(home.engine.list("other", soon())).empty());
  CHECK(eventually([&] {
    return home.unit(1)["log"].dump().contains("hello from thumbs-r5f0c1e9a2b 1 worker");
  }));
  CHECK(home.unit(0)["state"].view() == "up");
  CHECK(home.status().detail["supervisor_pid"].as_int() == home.supervisor().pid);
}

TEST_CASE("a value of the environment may hold the number of the unit that gets it") {
  LocalHome home;
  auto what = home.workload("echo node $NODE; exec sleep 1000", 2);
  what.env["NODE"] = fmt::format("a.{0}@{0}", k_unit_placeholder);
  must(home.try_deploy(what));
  for (const auto unit : {0, 1})
    CHECK(eventually([&] {
      return home.unit(unit)["log"].dump().contains(fmt::format("node a.{0}@{0}", unit));
    }));
}

TEST_CASE("a unit gets a small clean environment, and no descriptor but its three") {
  LocalHome home;
  ::setenv("CDCTL_LEAK_TEST", "leaked", 1);
  const Fd leak(::open("/dev/null", O_RDONLY));  // not close-on-exec
  home.deploy("env > env.txt; ls -l /proc/$$/fd > fds.txt; echo x > ready; exec sleep 1000");
  REQUIRE(eventually([&] { return home.size_of("ready") > 0; }));
  const auto env = "\n" + text_of(home.dir.path() / "env.txt");
  CHECK(env.contains("\nAMQP_URL=amqp://thumbs:s3cret@localhost\n"));
  CHECK(env.contains("\nCDCTL_SET=thumbs-r5f0c1e9a2b\n"));
  CHECK(env.contains("\nCDCTL_HOME_ID="));
  CHECK(env.contains("\nPATH="));
  CHECK_FALSE(env.contains("CDCTL_LEAK_TEST"));
  const auto fds = text_of(home.dir.path() / "fds.txt");
  CHECK(std::ranges::count(fds, '\n') <= 5);  // total, 0, 1, 2 and the redirection of ls itself
  ::unsetenv("CDCTL_LEAK_TEST");
}

TEST_CASE("secrets are in files of 0600 below folders of 0700, and in no argument list") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  {
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    must(claim->save_secret("rabbit", "hush"));
    CHECK(must(claim->load_secret("rabbit")) == "hush");
    CHECK_FALSE(must(claim->load_secret("other")));
    CHECK_FALSE(claim->save_secret("../x", "y"));
  }
  const auto mode = [](const std::filesystem::path& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0u;
  };
  CHECK(mode(home.folder()) == 0700);
  CHECK(mode(home.folder() / "secrets") == 0700);
  CHECK(mode(home.folder() / "secrets/rabbit") == 0600);
  CHECK(mode(home.folder() / "run") == 0600);
  CHECK(mode(home.folder() / "status") == 0600);
  CHECK(home.processes_with("s3cret") == 0);
}

TEST_CASE("a second deploy waits for the first and finds its result, or the deadline") {
  LocalHome home;
  auto first = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  auto refused = home.engine.claim(k_set, some_sources(), now(), Deadline(Millis(50)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::timeout);
  std::string found;
  std::thread second([&] {
    auto claim = home.engine.claim(k_set, some_sources(), now(), soon());
    found = claim ? (*claim)->found().state : claim.error().what;
  });
  must(first->clean(soon()));
  must(first->start(home.workload("exec sleep 1000"), soon()));
  must(first->finish());
  first.reset();
  second.join();
  CHECK(found == "live");
}

TEST_CASE("a deploy that waits while the set is reaped gets a new one") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  must(home.engine.stop(k_set, Millis(100), soon()));
  auto blocker = must(OfdLock::acquire(home.folder() / "lock", soon()));
  std::unique_ptr<Claim> claim;
  std::thread deployer(
      [&] { claim = must(home.engine.claim(k_set, some_sources(), now(), soon())); });
  std::this_thread::sleep_for(Millis(20));
  // What destroy does at its end, with the lock held
  must(remove_tree(home.folder()));
  blocker.reset();
  deployer.join();
  CHECK(claim->found().state == "absent");
  CHECK(std::filesystem::exists(home.folder() / "set.json"));
}

TEST_CASE("a failed deploy leaves a partial set that is offered again later and later") {
  LocalHome home;
  for (int i = 1; i <= 2; ++i) {
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    CHECK(claim->found().state == (i == 1 ? "absent" : "partial"));
    claim->abandon("the build\nfailed");
  }
  const auto set = must(home.engine.list({}, soon())).at(0);
  CHECK(set.state == "partial");
  CHECK(set.attempts == 2);
  REQUIRE(set.retry_at);
  CHECK(*set.retry_at - now() > Millis(50'000));
  CHECK(*set.retry_at - now() <= Millis(60'000));
  CHECK(home.status().detail["last_failure"].view() == "the build\\nfailed");
  CHECK(local::retry_delay(1) == Millis(30'000));
  CHECK(local::retry_delay(7) == Millis(1'920'000));
  CHECK(local::retry_delay(8) == Millis(3'600'000));
  CHECK(local::retry_delay(5000) == Millis(3'600'000));
  home.deploy("exec sleep 1000");
  CHECK(home.status().attempts == 0);
}

TEST_CASE("a set that falls again and again counts its repairs") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  for (int i = 1; i <= 2; ++i) {
    local::send_signal(home.supervisor(), SIGKILL);
    REQUIRE(eventually([&] { return home.state() == "down"; }));
    CHECK(home.status().up == 0);
    home.deploy("exec sleep 1000");
    CHECK(home.state() == "live");
    CHECK(home.status().attempts == i);
  }
}

namespace {

/// As a reboot leaves it: nobody had time to write anything down.
void power_off(LocalHome& home) {
  const auto unit = home.unit()["pid"].as_int();
  local::send_signal(home.supervisor(), SIGKILL);
  ::kill(static_cast<pid_t>(unit), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  auto tracker = *must(local::read_tracker(home.paths.set(k_set)));
  tracker.boot = "00000000-0000-4000-8000-000000000000";
  must(write_file_atomically(home.folder() / "fence", local::to_text(tracker), 0600));
}

}  // namespace

TEST_CASE("what fell with its machine is started again as it was, and that is no failed attempt") {
  LocalHome home;
  home.deploy("echo \"$AMQP_URL $KEPT\" >>said; exec sleep 1000");
  for (int i = 1; i <= 3; ++i) {
    power_off(home);
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    CHECK(claim->found().state == "down");
    CHECK(must(claim->revive({{"AMQP_URL", "amqp://new"}, {"KEPT", std::to_string(i)}}, soon())));
    must(claim->finish());
    claim.reset();
    CHECK(home.state() == "live");
    CHECK(home.status().attempts == 0);
  }
  const auto said = [&] { return must(read_file(home.dir.path() / "said")); };
  CHECK(eventually([&] { return said().ends_with("amqp://new 3\n"); }));
}

TEST_CASE("what holds too little to be started again is left to a deploy") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  power_off(home);
  const auto revived = [&] {
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    return must(claim->revive({}, soon()));
  };
  const auto kept = must(read_file(home.folder() / "run"));
  must(write_file_atomically(home.folder() / "run", "torn", 0600));
  CHECK_FALSE(revived());
  must(write_file_atomically(home.folder() / "run", kept, 0600));
  std::filesystem::remove(home.folder() / "finished");
  CHECK_FALSE(revived());
  CHECK(home.status().up == 0);
}

TEST_CASE("a set that is cut from the world stays so when it is started again") {
  LocalHome home;
  home.deploy(ticker("ticks"));
  REQUIRE(eventually([&] { return home.size_of("ticks") > 0; }));
  must(home.engine.cut(k_set, soon()));
  power_off(home);
  {
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    CHECK(must(claim->revive({}, soon())));
    must(claim->finish());
  }
  CHECK(home.status().world_cut == true);
  const auto before = home.size_of("ticks");
  std::this_thread::sleep_for(Millis(150));
  CHECK(home.size_of("ticks") == before);
  must(home.engine.mend(k_set, false, soon()));
  CHECK(eventually([&] { return home.size_of("ticks") > before; }));
}

TEST_CASE("a start again that is killed anywhere is found down, or done") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  for (const char* point : {"local.revive.run", "local.revive.launched"}) {
    power_off(home);
    const auto revive = [&] {
      auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
      if (claim->found().state == "live") return;
      (void)claim->revive({}, soon());
      (void)claim->finish();
    };
    CHECK(crashes_at(point, revive));
    CHECK((home.state() == "down" || home.state() == "live"));
    revive();
    CHECK(home.state() == "live");
    CHECK(home.status().up == 1);
  }
}

TEST_CASE(
    "a workload that cannot be started is refused, and the set stays partial without processes") {
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->clean(soon()));
  auto nowhere = home.workload("exec sleep 1000");
  nowhere.directory = home.dir.path() / "not-there";
  CHECK(claim->start(nowhere, soon()).error().what.contains("not-there"));
  CHECK(claim->start({home.dir.path(), {}, {}}, soon()).error().what.contains("no unit to start"));
  CHECK(claim->start({home.dir.path(), {{"bad type", "x", 1}}, {}}, soon())
            .error()
            .what.contains("bad type"));
  CHECK(claim->start({home.dir.path(), {{"worker", "x", 100'000}}, {}}, soon())
            .error()
            .what.contains("at most"));
  CHECK_FALSE(claim->start({home.dir.path(), {{"worker", "x", 1}}, {{"A=B", "s3cret"}}}, soon()));
  CHECK_FALSE(claim->finish());
  claim.reset();
  CHECK(home.state() == "partial");
}

TEST_CASE("a crashing unit is started again with a growing pause, and the reason is kept") {
  LocalHome home;
  home.deploy("echo about to fail; exit 3");
  REQUIRE(eventually([&] { return home.unit()["restarts"].as_int() >= 2; }));
  CHECK(home.unit()["last_exit"].view() == "exit status 3");
  CHECK(home.unit()["log"].dump().contains("about to fail"));
  CHECK(home.unit()["log"].dump().contains("starts again in 200ms"));
  REQUIRE(eventually([&] { return home.unit()["state"].view() == "backoff"; }));
  CHECK(home.unit()["restarts"].as_int() < 8);
}

TEST_CASE("what a crashed unit leaves in its process group is ended before it starts again") {
  LocalHome home;
  home.deploy("sleep " + k_word + " & echo; kill -9 $$");
  REQUIRE(eventually([&] { return home.unit()["restarts"].as_int() >= 2; }));
  CHECK(home.processes_with(k_word) <= 1);
}

TEST_CASE(
    "a cut set stands still, with all that its units started, and is mended by a restart or a "
    "thaw") {
  const bool no_cgroup = GENERATE(false, true);
  const NoCgroup scope(no_cgroup);
  LocalHome home;
  home.deploy("setsid sh -c '" + ticker("far.txt") + "' & " + ticker("near.txt"));
  REQUIRE(ticks(home, "near.txt"));
  REQUIRE(ticks(home, "far.txt"));
  CHECK(home.status().detail["cgroup"].is_null() == (no_cgroup || !local::Cgroup::parent()));

  CHECK(must(home.engine.cut(k_set, soon())).changed);
  CHECK(stands_still(home, "near.txt"));
  CHECK(stands_still(home, "far.txt"));
  auto set = home.status();
  CHECK(set.state == "live");
  CHECK(set.up == 1);
  CHECK(set.world_cut == true);
  CHECK(home.unit()["state"].view() == "frozen");
  CHECK_FALSE(must(home.engine.cut(k_set, soon())).changed);

  const auto pid = home.unit()["pid"];
  CHECK(must(home.engine.mend(k_set, true, soon())).changed);
  CHECK(ticks(home, "near.txt"));
  CHECK(ticks(home, "far.txt"));
  CHECK(home.unit()["pid"] == pid);
  CHECK(home.status().world_cut == false);

  CHECK(must(home.engine.cut(k_set, soon())).changed);
  CHECK(must(home.engine.mend(k_set, false, soon())).changed);
  CHECK(ticks(home, "near.txt"));
  CHECK(home.unit()["pid"] != pid);
  CHECK(home.unit()["state"].view() == "up");
  CHECK_FALSE(must(home.engine.mend(k_set, false, soon())).changed);
  must(home.reap());
}

TEST_CASE("a cut set that is repaired stays cut until it is mended") {
  LocalHome home;
  home.deploy(ticker("ticks.txt"));
  must(home.engine.cut(k_set, soon()));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  std::filesystem::remove(home.dir.path() / "ticks.txt");
  home.deploy(ticker("ticks.txt"));
  CHECK(home.state() == "live");
  CHECK(home.status().world_cut == true);
  CHECK(home.unit()["state"].view() == "frozen");
  CHECK(home.size_of("ticks.txt") == -1);
  must(home.engine.mend(k_set, false, soon()));
  CHECK(ticks(home, "ticks.txt"));
}

TEST_CASE("a set that is cut while it is deployed starts cut") {
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->clean(soon()));
  CHECK(must(home.engine.cut(k_set, soon())).changed);
  must(claim->start(home.workload(ticker("ticks.txt")), soon()));
  must(claim->finish());
  claim.reset();
  CHECK(home.size_of("ticks.txt") == -1);
  must(home.engine.mend(k_set, true, soon()));
  CHECK(ticks(home, "ticks.txt"));
}

TEST_CASE("a reap gives the units their grace, and then takes everything") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(
      "trap 'echo bye > bye.txt; exit 0' TERM; echo ready > ready.txt; while :; do sleep 0.01; "
      "done");
  REQUIRE(eventually([&] { return home.size_of("ready.txt") > 0; }));
  CHECK(must(home.engine.stop(k_set, Millis(5000), soon())).changed);
  CHECK(home.size_of("bye.txt") > 0);
  CHECK(home.state() == "reaping");
  CHECK_FALSE(must(home.engine.stop(k_set, Millis(5000), soon())).changed);
  CHECK(must(home.engine.destroy(k_set, soon())).changed);
  CHECK_FALSE(std::filesystem::exists(home.folder()));
  CHECK_FALSE(must(home.engine.destroy(k_set, soon())).changed);
  CHECK(must(home.engine.list({}, soon())).empty());
}

TEST_CASE("a set that is not being reaped is not destroyed") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  const auto refused = home.engine.destroy(k_set, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::refused);
  CHECK(home.state() == "live");
}

TEST_CASE("what is discarded is gone before its claim is, whoever waits for it") {
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->clean(soon()));
  std::string found;
  std::thread second([&] {
    auto next = home.engine.claim(k_set, some_sources(), now(), soon());
    found = next ? (*next)->found().state : next.error().what;
  });
  std::this_thread::sleep_for(Millis(20));
  CHECK(must(claim->discard(soon())));
  claim.reset();
  second.join();
  CHECK(found == "absent");

  LocalHome running;
  running.deploy("exec sleep " + k_word);
  CHECK(must(must(running.engine.claim(k_set, some_sources(), now(), soon()))->discard(soon())));
  CHECK(running.state() == "absent");
  CHECK_FALSE(std::filesystem::exists(running.folder()));
  CHECK(running.processes_with(k_word) == 0);
}

TEST_CASE("a set knows every name that its home had when it was deployed") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  using Names = std::vector<std::string>;
  CHECK(home.status().homes == Names{home.engine.home()});
  auto record = must(Json::parse(must(read_file(home.folder() / "set.json"))));
  record.set("home", "before:/x");
  must(write_file_atomically(home.folder() / "set.json", record.dump(), 0600));
  CHECK(home.status().homes == Names{"before:/x"});
  must(home.engine.claim(k_set, some_sources(), now(), soon()));
  CHECK(home.status().homes == Names{"before:/x", home.engine.home()});
  must(home.engine.claim(k_set, some_sources(), now(), soon()));
  CHECK(home.status().homes.size() == 2);
}

TEST_CASE("a set whose reap was begun is brought back by a deploy, not by a mend") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  must(home.engine.stop(k_set, Millis(100), soon()));
  CHECK(home.engine.mend(k_set, false, soon()).error().exit == ExitCode::refused);
  home.deploy("exec sleep 1000");
  CHECK(home.state() == "live");
  CHECK(home.engine.destroy(k_set, soon()).error().exit == ExitCode::refused);
}

TEST_CASE(
    "the working folder of a claim is emptied by clean, even of folders without write permission") {
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  std::filesystem::create_directories(claim->workspace() / "a/b");
  std::ofstream(claim->workspace() / "a/b/file") << "x";
  std::filesystem::permissions(claim->workspace() / "a/b", std::filesystem::perms::owner_read);
  must(claim->clean(soon()));
  CHECK(std::filesystem::is_empty(claim->workspace()));
}

TEST_CASE("without a systemd scope the set is started all the same, with a warning") {
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->start(home.workload("exec sleep 1000"), soon()));
  CHECK(local::scope_words(false, true).empty());
  claim.reset();
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "partial" && home.status().up == 0; }));
  const auto paths = home.paths.set(k_set);
  must(local::launch(home.host, paths, {"/bin/false"}, soon()));
  CHECK(home.host.logged.size() == 1);
  CHECK(home.host.logged.at(0).contains("no systemd scope"));
  CHECK(home.status().up == 1);
  const auto again = local::launch(home.host, paths, {"/usr/bin/env", "--"}, soon());
  CHECK(again.error().what.contains("another supervisor"));
}
