#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <catch2/catch.hpp>

#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/paths.hpp"
#include "plugins/local/process_tracker.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/status.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::local;

TEST_CASE("paths of a home are built and read back in one place") {
  const HomePaths home("/var/lib/cdctl/");
  const SetName name{"thumbs", "r5f0c1e9a2b"};
  CHECK(home.home().ends_with(":/var/lib/cdctl"));
  CHECK(home.set(name) / "lock" == "/var/lib/cdctl/sets/thumbs-r5f0c1e9a2b/lock");
  CHECK(HomePaths::parse_memo_file(home.set_memo(name).filename().string()) == name);
  CHECK_FALSE(HomePaths::parse_memo_file("thumbs.json"));
  CHECK_FALSE(HomePaths::parse_memo_file("thumbs-r5f0c1e9a2b.json.123.new"));
  CHECK(HomePaths::parse_segment_file(home.segment("20261123T07").filename().string()) ==
        "20261123T07");
  CHECK_FALSE(HomePaths::parse_segment_file("20261123T7x.ndjson"));
  CHECK(home.id() == HomePaths("/var/lib/cdctl").id());
  CHECK(home.id() != HomePaths("/var/lib/cdctl2").id());
}

TEST_CASE("a run plan survives any command and any environment") {
  RunPlan plan{"thumbs-r5f0c1e9a2b",
               "00ff",
               "/a b\nc",
               {{"worker", "echo 'x'\nwait"}, {"web", ""}},
               {{"A", "line\nline"}, {"B", ""}},
               {Millis(10'000), {{"worker", Millis(7'200'000)}}}};
  const auto text = to_text(plan);
  const auto back = parse_run_plan(text);
  REQUIRE(back);
  CHECK(to_text(*back) == text);
  CHECK(back->units.at(0).command == "echo 'x'\nwait");
  CHECK(back->env.at("A") == "line\nline");
  CHECK(back->grace.of("worker") == Millis(7'200'000));
  CHECK(back->grace.of("web") == Millis(10'000));
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(parse_run_plan(std::string_view(text).substr(0, size)));
}

TEST_CASE("a status is read back as it was written, and a torn one is none") {
  Status status{{12, 3456},         true, false, true, Time(Millis(1'700'000'000'999)),
                "/sys/fs/cgroup/x", {}};
  status.units.push_back(
      {"worker", UnitState::frozen, {13, 99}, Time(Millis(1'700'000'000'123)), 7, "exit status 1"});
  status.units.push_back({"web", UnitState::backoff, {}, Time(), 0, "could not start: a\nb"});
  const auto text = to_text(status);
  const auto back = parse_status(text);
  REQUIRE(back);
  CHECK(back->supervisor == status.supervisor);
  CHECK(back->frozen);
  CHECK_FALSE(back->stopping);
  CHECK(back->lived);
  CHECK(back->until == status.until);
  CHECK(back->cgroup == "/sys/fs/cgroup/x");
  REQUIRE(back->units.size() == 2);
  CHECK(back->units[0].state == UnitState::frozen);
  CHECK(back->units[0].since == status.units[0].since);
  CHECK(back->units[0].last_exit == "exit status 1");
  CHECK(back->units[1].last_exit == "could not start: a b");
  CHECK(back->up() == 1);
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(parse_status(std::string_view(text).substr(0, size)));
}

TEST_CASE("a tracker record is read back as it was written, and a torn one is none") {
  const TrackerRecord record{
      "thumbs-r5f0c1e9a2b", "00ff", "boot", {12, 3456}, "/sys/fs/cgroup/a b"};
  const auto text = to_text(record);
  const auto back = parse_tracker(text);
  REQUIRE(back);
  CHECK(to_text(*back) == text);
  CHECK_FALSE(parse_tracker(""));
  CHECK_FALSE(parse_tracker(std::string_view(text).substr(0, text.size() - 1)));
}

TEST_CASE("the place for cgroups is found in pure, hybrid and contained trees") {
  using Parent = std::optional<std::filesystem::path>;
  const auto find = [](const char* mountinfo, const char* cgroup) {
    return Cgroup::parse_parent(mountinfo, cgroup);
  };
  const char* pure = "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  CHECK(find(pure, "0::/user.slice/a.scope\n") == Parent("/sys/fs/cgroup/user.slice/a.scope"));
  const char* hybrid =
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n32 31 0:29 / /sys/fs/cgroup/cpu "
      "rw - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
  CHECK(find(hybrid, "4:memory:/x\n0::/\n") == Parent("/sys/fs/cgroup/unified/"));
  CHECK(find("30 24 0:26 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
             "0::/docker/1/sub\n") == Parent("/sys/fs/cgroup/sub"));
  CHECK(find("30 24 0:26 / /a\\040b ro - cgroup2 cgroup rw\n", "0::/x\n") == Parent("/a b/x"));
  CHECK_FALSE(find("32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", "3:cpu:/\n"));
  CHECK_FALSE(find(pure, "0::/../outside\n"));
  CHECK_FALSE(find("", ""));
}

TEST_CASE("a process is known by pid and start time, and never signalled by its pid alone") {
  const auto pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  const auto info = look_at(pid);
  REQUIRE(info);
  CHECK(info->parent == ::getpid());
  CHECK(runs(*info));
  CHECK(send_signal({pid, info->start + 1}, SIGKILL) == Sent::gone);
  CHECK(runs(*info));
  CHECK(send_signal(*info, SIGKILL) == Sent::sent);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
  CHECK_FALSE(runs(*info));  // a zombie
  ::waitpid(pid, nullptr, 0);
  CHECK(send_signal(*info, SIGKILL) == Sent::gone);
}

TEST_CASE("a lock can be asked about without being taken") {
  const test::TempDir dir;
  const Fd folder(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
  CHECK(OfdLock::held(folder.get(), "lock") == false);
  {
    const auto lock = *OfdLock::acquire(dir.path() / "lock", Deadline(Millis(0)));
    REQUIRE(lock);
    CHECK(OfdLock::held(folder.get(), "lock") == true);
    CHECK_FALSE(*OfdLock::acquire(dir.path() / "lock", Deadline(Millis(5))));
    CHECK(lock->still_at(dir.path() / "lock"));
    ::unlink((dir.path() / "lock").c_str());
    CHECK_FALSE(lock->still_at(dir.path() / "lock"));
  }
  CHECK(OfdLock::held(folder.get(), "lock") == false);
}
