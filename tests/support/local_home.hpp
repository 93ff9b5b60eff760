#pragma once

#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/plugin.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/local/engine.hpp"
#include "plugins/local/procfs.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

inline const SetName k_set{"thumbs", "r5f0c1e9a2b"};

inline Sources some_sources() {
  Sources out;
  out["trunk"] = {"git", "https://git.example/thumbs.git", "9f2c1ab", 124};
  return out;
}
inline Deadline soon() { return Deadline(Millis(20'000)); }

/// A number that only the processes of this test program bear, to find them by: other builds run
/// the same tests.
inline const std::string k_word = std::to_string(700'000'000 + ::getpid());  // before any fork

/// Waits until `holds`, ten seconds at most.
inline bool eventually(const std::function<bool()>& holds, Millis most = Millis(10'000)) {
  for (const Deadline deadline(most); !deadline.passed(); std::this_thread::sleep_for(Millis(5)))
    if (holds()) return true;
  return holds();
}

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().what);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// With or without cgroups, for the time of a test.
class NoCgroup {
 public:
  explicit NoCgroup(bool on) {
    on ? ::setenv("CDCTL_TEST_NO_CGROUP", "1", 1) : ::unsetenv("CDCTL_TEST_NO_CGROUP");
  }
  NoCgroup(const NoCgroup&) = delete;
  NoCgroup& operator=(const NoCgroup&) = delete;
  ~NoCgroup() { ::unsetenv("CDCTL_TEST_NO_CGROUP"); }
};

/// A home with an engine; at the end every set in it is ended.
class LocalHome {
 public:
  LocalHome() : host(dir.path() / "home"), engine(host), paths(dir.path() / "home") {}
  LocalHome(const LocalHome&) = delete;
  LocalHome& operator=(const LocalHome&) = delete;
  ~LocalHome() {
    const auto sets = engine.list({}, soon());
    if (!sets) return;
    for (const auto& set : *sets) {
      (void)engine.stop(set.name, Millis(0), soon());
      (void)engine.destroy(set.name, soon());
    }
  }

  [[nodiscard]] std::filesystem::path folder(const SetName& set = k_set) const {
    return paths.set(set).folder;
  }
  [[nodiscard]] SetStatus status(const SetName& set = k_set) {
    return must(engine.describe(set, soon()));
  }
  [[nodiscard]] std::string state(const SetName& set = k_set) { return status(set).state; }
  [[nodiscard]] Json unit(std::size_t index = 0) {
    return status().detail["units"].items().at(index);
  }

  [[nodiscard]] Workload workload(const std::string& command, std::int64_t units = 1) const {
    return {dir.path(),
            {{"worker", command, units}},
            {{"AMQP_URL", "amqp://thumbs:s3cret@localhost"}},
            {}};
  }
  /// The whole of a deploy, as the front end does it.
  Result<> try_deploy(const Workload& what, const SetName& set = k_set) {
    CDCTL_TRY_ASSIGN(auto claim, engine.claim(set, some_sources(), now(), soon()));
    CDCTL_TRY(claim->clean(soon()));
    CDCTL_TRY(claim->start(what, soon()));
    return claim->finish();
  }
  void deploy(const std::string& command, std::int64_t units = 1) {
    must(try_deploy(workload(command, units)));
  }
  Result<> reap(Millis grace = Millis(2000)) {
    if (auto stopped = engine.stop(k_set, grace, soon()); !stopped) return fail(stopped.error());
    if (auto gone = engine.destroy(k_set, soon()); !gone) return fail(gone.error());
    return {};
  }
  /// Where a supervisor was killed and there is no cgroup, somebody else's process that was started
  /// meanwhile is in doubt.
  void reap_in_doubt(Millis grace) {
    if (const auto gone = reap(grace); !gone) CHECK(gone.error().what.contains("cannot be proven"));
  }
  /// The supervisor, from what it wrote down.
  [[nodiscard]] local::ProcessId supervisor() const {
    const auto record = must(local::read_tracker(paths.set(k_set)));
    REQUIRE(record);
    return record->supervisor;
  }
  /// The processes of the set that are still alive, however they hide: each test gives its workers
  /// a word of their own.
  [[nodiscard]] std::size_t processes_with(const std::string& word) const {
    std::size_t count = 0;
    for (const auto& process : local::all_processes()) {
      if (process.dead()) continue;
      count += command_of(process.pid).contains(word) && process.pid != ::getpid();
    }
    return count;
  }
  [[nodiscard]] static std::string command_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::int64_t size_of(const std::string& file) const {
    std::error_code error;
    const auto size = std::filesystem::file_size(dir.path() / file, error);
    return error ? -1 : static_cast<std::int64_t>(size);
  }

  TempDir dir;
  TestHost host;
  local::LocalEngine engine;
  local::HomePaths paths;
};

/// A worker that appends to `file` (in its working directory) every 10 ms: it is seen to run, and
/// to stand still.
inline std::string ticker(const std::string& file) {
  return "while :; do echo tick >> " + file + "; sleep 0.01; done";
}

/// Runs `action` in a child that ends itself with SIGKILL at the crash point; true when it came
/// there.
inline bool crashes_at(const std::string& point, const std::function<void()>& action) {
  const auto pid = ::fork();
  if (pid == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", point.c_str(), 1);
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace cdctl::test
