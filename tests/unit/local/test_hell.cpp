// What happens to a set when its supervisor, its disk or its processes misbehave.

#include "tests/support/local_home.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "plugins/local/process_tracker.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

/// A worker that hides twice: in a session of its own, and in one that has lost its parent as well.
std::string hider(const std::string& word) {
  return "setsid sleep " + word + " & setsid sh -c 'setsid sleep " + word +
         " & exit' & exec sleep " + word;
}

/// A mount namespace for one who is not root: in a user namespace in which we stay who we are.
bool unshare_as_user() {
  const auto line = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
  const auto uid = line(::geteuid()), gid = line(::getegid());
  if (::unshare(CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << uid;
  std::ofstream("/proc/self/gid_map") << gid;
  return true;
}

/// Runs `body` in a child with a file system of its own of 256 KiB at `at`; true when it says so.
/// Not allowed: nothing said.
std::optional<bool> on_a_small_disk(const std::filesystem::path& at,
                                    const std::function<bool()>& body) {
  std::filesystem::create_directories(at);
  const auto pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 ? ::unshare(CLONE_NEWNS) != 0 : !unshare_as_user()) ::_exit(77);
    ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) ::_exit(77);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return {};
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void fill(const std::filesystem::path& folder) {
  const Fd fd(::open((folder / "ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  for (std::size_t size = 4096; size > 0; size /= 2) {
    const std::string block(size, 'x');
    while (::write(fd.get(), block.data(), block.size()) > 0) {
    }
  }
}

bool say(bool ok, const char* what) {
  if (!ok) std::fprintf(stderr, "on the small disk: %s\n", what);
  return ok;
}

}  // namespace

TEST_CASE("no process of a set escapes its reap") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(hider(k_word));
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 3; }));
  must(home.reap(Millis(100)));
  CHECK(home.processes_with(k_word) == 0);
}

TEST_CASE("no process of a set whose supervisor was killed escapes its reap") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(hider(k_word));
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 3; }));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  CHECK(home.processes_with(k_word) >= 1);
  home.reap_in_doubt(Millis(100));
  CHECK(home.processes_with(k_word) == 0);
  CHECK_FALSE(std::filesystem::exists(home.folder()));
}

TEST_CASE("a worker that forks without end is ended") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy("f() { sleep " + k_word + " & setsid sleep " + k_word +
              " & sleep 0.02; }; while :; do f; done");
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 6; }));
  must(home.reap(Millis(0)));
  CHECK(home.processes_with(k_word) == 0);
}

TEST_CASE("a worker that is another process at each look is ended") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  // Each one starts the next and goes: a look that comes upon the old one too late and the new one
  // too early sees neither.
  home.deploy("printf '%s\\n' '#!/bin/sh' 'setsid \"$0\" " + k_word +
              " &' exit >hop; chmod +x hop; for i in 1 2 3 4; do ./hop " + k_word +
              " & done; exec sleep " + k_word);
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 2; }));
  must(home.reap(Millis(0)));
  CHECK(home.processes_with(k_word) == 0);
}

TEST_CASE("where nothing can be proven, a reap fails and names the process it cannot tell") {
  const NoCgroup scope(true);
  LocalHome home;
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->clean(soon()));
  auto what = home.workload("env -i setsid sleep " + k_word + " & exec sleep " + k_word);
  what.directory = claim->workspace();
  must(claim->start(what, soon()));
  must(claim->finish());
  claim.reset();
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 2; }));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.processes_with(k_word) == 1; }));
  must(home.engine.stop(k_set, Millis(0), soon()));
  const auto refused = home.engine.destroy(k_set, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::failed);
  CHECK(refused.error().what.contains("(sleep)"));
  CHECK(home.state() == "reaping");
  for (const auto& process : local::suspects_in(home.folder()))
    local::send_signal(process, SIGKILL);
  REQUIRE(eventually([&] { return home.processes_with(k_word) == 0; }));
  if (const auto gone = home.engine.destroy(k_set, soon()))
    CHECK(gone->details["proof"].view() == "sweep");
  CHECK_FALSE(std::filesystem::exists(home.folder()));
}

TEST_CASE("a process that has left everything of its set is not called gone") {
  const NoCgroup scope(true);
  LocalHome home;
  home.deploy("cd / && env -i setsid sleep " + k_word + " & exec sleep " + k_word);
  REQUIRE(eventually([&] { return home.processes_with(k_word) >= 2; }));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.processes_with(k_word) == 1; }));
  must(home.engine.stop(k_set, Millis(0), soon()));
  const auto started = home.supervisor();
  const auto doubted = home.engine.destroy(k_set, soon());
  REQUIRE_FALSE(doubted);
  CHECK(doubted.error().exit == ExitCode::failed);
  CHECK(doubted.error().what.contains("cannot be proven"));
  const auto strays = local::strays_since(started, ::getuid());
  const auto ours = std::ranges::find_if(strays, [&](const local::ProcessInfo& process) {
    return home.command_of(process.pid).contains(k_word);
  });
  REQUIRE(ours != strays.end());
  local::send_signal(*ours, SIGKILL);
  CHECK_FALSE(must(home.engine.destroy(k_set, soon())).changed);  // and it is no ghost
}

TEST_CASE("processes of another home with a set of the same name are left alone") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome ours, theirs;
  ours.deploy("exec sleep " + k_word);
  theirs.deploy("exec sleep " + k_word);
  local::send_signal(ours.supervisor(), SIGKILL);
  ours.reap_in_doubt(Millis(100));
  CHECK(theirs.state() == "live");
  CHECK(theirs.processes_with(k_word) == 1);
}

TEST_CASE("a supervisor that stands still blocks nobody") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy(ticker("ticks.txt") + "; : " + k_word);
  REQUIRE(eventually([&] { return home.size_of("ticks.txt") > 0; }));
  REQUIRE(local::send_signal(home.supervisor(), SIGSTOP) == local::Sent::sent);
  const Deadline quick(Millis(200));
  CHECK(must(home.engine.list({}, soon())).at(0).state == "live");
  CHECK_FALSE(quick.passed());
  CHECK(home.state() == "live");

  CHECK(must(home.engine.cut(k_set, soon())).changed);
  std::this_thread::sleep_for(Millis(50));
  const auto before = home.size_of("ticks.txt");
  std::this_thread::sleep_for(Millis(100));
  CHECK(home.size_of("ticks.txt") == before);

  SECTION("a mend replaces it") {
    CHECK(must(home.engine.mend(k_set, false, Deadline(Millis(40'000)))).changed);
    CHECK(eventually([&] { return home.size_of("ticks.txt") > before; }));
    CHECK(eventually(
        [&] { return home.processes_with(k_word) == 1; }));  // for a moment two, as it forks
  }
  SECTION("a reap ends it") {
    home.reap_in_doubt(Millis(100));
    CHECK(home.processes_with(k_word) == 0);
  }
}

TEST_CASE("a cut and a mend of a set whose supervisor is dead hold for what it left") {
  const NoCgroup scope(GENERATE(false, true));
  LocalHome home;
  home.deploy("setsid sh -c '" + ticker("far.txt") + "; : 97979797' & exec sleep 1000");
  REQUIRE(eventually([&] { return home.size_of("far.txt") > 0; }));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  CHECK(must(home.engine.cut(k_set, soon())).changed);
  std::this_thread::sleep_for(Millis(50));
  const auto before = home.size_of("far.txt");
  std::this_thread::sleep_for(Millis(100));
  CHECK(home.size_of("far.txt") == before);
  CHECK(must(home.engine.mend(k_set, false, soon())).changed);
  CHECK(home.state() == "live");
  CHECK(eventually([&] { return home.size_of("far.txt") > before; }));
  CHECK(home.status().world_cut == false);
}

TEST_CASE(
    "a supervisor that is told to end by the machine gives its units their grace, and the set is "
    "down") {
  LocalHome home;
  home.deploy(
      "trap 'echo bye > bye.txt; exit 0' TERM; echo ready > ready.txt; while :; do sleep 0.01; "
      "done");
  REQUIRE(eventually([&] { return home.size_of("ready.txt") > 0; }));
  const auto supervisor = home.supervisor();
  local::send_signal(supervisor, SIGTERM);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  CHECK(home.size_of("bye.txt") > 0);
  CHECK(eventually([&] { return !std::filesystem::exists(home.folder() / "fence"); }));
}

TEST_CASE("what another boot left behind is down, and is repaired") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  must(home.engine.stop(k_set, Millis(0), soon()));
  std::filesystem::remove(home.folder() / "reaping");
  // The record of a machine that went down: its pid and its start time may well be somebody else's
  // now
  const local::ProcessId somebody = *local::look_at(::getpid());
  must(write_file_atomically(home.folder() / "fence",
                             local::to_text({k_set.str(), home.paths.id(), "another-boot", somebody,
                                             "/sys/fs/cgroup/gone"}),
                             0600));
  CHECK(home.state() == "down");
  home.deploy("exec sleep 1000");
  CHECK(home.state() == "live");
}

TEST_CASE("a damaged tracker file is made up for by what follows from the name") {
  const NoCgroup scope(true);
  LocalHome home;
  home.deploy("setsid sleep " + k_word + " & exec sleep " + k_word);
  REQUIRE(eventually([&] { return home.processes_with(k_word) == 2; }));
  local::send_signal(home.supervisor(), SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  std::ofstream(home.folder() / "fence") << "torn";
  home.reap_in_doubt(Millis(100));
  CHECK(home.processes_with(k_word) == 0);
}

TEST_CASE("damaged files of a set do not stop a listing or its reap") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  for (const char* file : {"set.json", "attempts.json"})
    std::ofstream(home.folder() / file) << "{\"torn";
  const auto set = must(home.engine.list({}, soon())).at(0);
  CHECK(set.state == "live");
  CHECK(set.sources.empty());
  std::ofstream(home.folder() / "status") << "nonsense";
  CHECK_FALSE(must(home.engine.list({}, soon())).at(0).up.has_value());
  must(home.reap());
}

TEST_CASE("a log stays bounded, and a unit that writes a lot is not slowed to a halt") {
  LocalHome home;
  home.deploy(
      "head -c 30000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo done > done.txt; exec sleep "
      "1000");
  REQUIRE(eventually([&] { return home.size_of("done.txt") > 0; }, Millis(30'000)));
  const auto log = home.folder() / "units/0.log";
  REQUIRE(eventually([&] { return std::filesystem::exists(log.string() + ".1"); }));
  CHECK(std::filesystem::file_size(log) <= (8u << 20));
  CHECK(std::filesystem::file_size(log.string() + ".1") <= (8u << 20));
}

TEST_CASE("a client that hangs on the supervisor's socket keeps nobody else from it") {
  LocalHome home;
  home.deploy("exec sleep 1000");
  std::vector<std::thread> askers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 40; ++i) {
    askers.emplace_back([&] { answered += home.engine.describe(k_set, soon()).has_value(); });
  }
  for (auto& asker : askers) asker.join();
  CHECK(answered == 40);
  CHECK(must(home.engine.cut(k_set, soon())).changed);
}

TEST_CASE("on a full disk a running set runs on, is cut, mended and reaped") {
  LocalHome home;
  const auto root = home.dir.path() / "home";
  const auto ok = on_a_small_disk(root, [&] {
    if (!say(home.try_deploy(home.workload("echo begin; " + ticker("ticks.txt"))).has_value(),
             "deploy"))
      return false;
    fill(root);
    const auto grows = [&] {
      const auto before = home.size_of("ticks.txt");
      return eventually([&] { return home.size_of("ticks.txt") > before; });
    };
    if (!say(grows(), "the unit runs on")) return false;
    const auto cut = home.engine.cut(k_set, soon());
    if (!say(!cut && cut.error().what.contains("frozen"),
             "a cut freezes, and says what it could not note"))
      return false;
    std::this_thread::sleep_for(Millis(50));
    const auto before = home.size_of("ticks.txt");
    std::this_thread::sleep_for(Millis(100));
    if (!say(home.size_of("ticks.txt") == before, "it stands still")) return false;
    if (!say(must(home.engine.list({}, soon())).at(0).world_cut == true, "and is seen to be cut"))
      return false;
    const auto other = home.engine.claim({"other", "r0000000000"}, some_sources(), now(), soon());
    if (!say(!other && other.error().exit == ExitCode::failed &&
                 other.error().what.contains("No space"),
             "a new claim fails clearly"))
      return false;
    if (!say(!std::filesystem::exists(home.folder({"other", "r0000000000"})), "and leaves nothing"))
      return false;
    if (const auto mended = home.engine.mend(k_set, false, soon());
        !say(mended.has_value(), "mend"))
      return false;
    if (!say(grows(), "it runs again")) return false;
    if (const auto reaped = home.reap();
        !say(reaped.has_value(), reaped ? "" : reaped.error().what.c_str()))
      return false;
    return say(!std::filesystem::exists(home.folder()), "the folder is gone");
  });
  if (!ok) WARN("left out: no file system can be mounted here");
  CHECK(ok.value_or(true));
}

TEST_CASE("a start that finds the disk full leaves a partial set and no process") {
  LocalHome home;
  const auto root = home.dir.path() / "home";
  const auto ok = on_a_small_disk(root, [&] {
    auto claim = home.engine.claim(k_set, some_sources(), now(), soon());
    if (!say(claim.has_value(), "claim")) return false;
    fill(root);
    const auto started = (*claim)->start(home.workload("exec sleep " + k_word), soon());
    if (!say(!started && started.error().exit == ExitCode::failed, "start fails")) return false;
    if (!say(!started.error().what.contains("s3cret"), "no secret in the error")) return false;
    (*claim)->abandon("full");
    claim->reset();
    if (!say(home.processes_with(k_word) == 0, "no process")) return false;
    if (!say(home.state() == "partial", "partial")) return false;
    std::filesystem::remove(root / "ballast");
    return say(home.try_deploy(home.workload("exec sleep " + k_word)).has_value(),
               "deploy with room") &&
           say(home.reap().has_value(), "reap");
  });
  if (!ok) WARN("left out: no file system can be mounted here");
  CHECK(ok.value_or(true));
}
