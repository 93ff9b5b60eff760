#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/child.hpp>
#include <cdctl/json.hpp>

#include "plugins/juju/client/call.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

/// Whether `action` reaches the crash point, and is killed there. It runs in a process of its own.
inline bool killed_at(const std::string& point, const std::function<void()>& action) {
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

/// A controller of the stand-in for juju in a folder of its own, first in PATH; seeded with
/// juju_control.
class JujuWorld {
 public:
  explicit JujuWorld(const std::string& version = "3.6") {
    static const std::string path = std::getenv("PATH");
    ::setenv("PATH", (CDCTL_SOURCE_DIR "/tests/fakes:" + path).c_str(), 1);
    ::setenv("FAKE_JUJU", (folder() / "stand").c_str(), 1);
    ::setenv("FAKE_JUJU_CACHE", CDCTL_BUILD_DIR "/tests/pycache", 1);
    ::setenv("FAKE_JUJU_VERSION", version.c_str(), 1);
    ::unsetenv("FAKE_JUJU_TROUBLE");
    std::filesystem::create_directories(folder() / "stand");
    std::filesystem::create_directories(folder() / "private");
    control({"init", (folder() / "data").string()});
    access.controller = "attic";
    access.data = folder() / "data";
    access.private_parent = folder() / "private";
  }
  ~JujuWorld() { control({"stop"}); }
  JujuWorld(const JujuWorld&) = delete;
  JujuWorld& operator=(const JujuWorld&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return dir_.path(); }

  /// What juju_control prints.
  std::string control(std::vector<std::string> words) const {
    return run_fake("juju_control", std::move(words));
  }
  /// What juju prints, run by hand.
  std::string juju(std::vector<std::string> words) const {
    return run_fake("juju", std::move(words));
  }
  [[nodiscard]] Json shown() const { return Json::parse(control({"show"})).value(); }

  /// The commands that were run since the last time it was asked, by their first word.
  [[nodiscard]] std::vector<std::string> ran() {
    std::vector<std::string> out;
    for (const auto& argv : calls())
      out.push_back(argv.items().size() > 1 && argv.items()[0].view() == "--no-alias"
                        ? argv.items()[1].as_string()
                        : std::string());
    return out;
  }
  [[nodiscard]] std::vector<Json> calls() {
    std::ifstream in(folder() / "stand/calls.ndjson");
    std::vector<Json> out;
    std::size_t line_number = 0;
    for (std::string line; std::getline(in, line); ++line_number)
      if (line_number >= told_) out.push_back(Json::parse(line).value()["argv"]);
    told_ = line_number;
    return out;
  }

  juju::Access access;

 private:
  static std::string run_fake(const std::string& program, std::vector<std::string> words) {
    Program command;
    command.argv = {CDCTL_SOURCE_DIR "/tests/fakes/" + program};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.max_output = 16u << 20;
    const auto finished = run(command);
    REQUIRE(finished);
    INFO(program << ": " << finished->err);
    REQUIRE(finished->ok());
    auto text = finished->out;
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  TempDir dir_;
  std::size_t told_ = 0;
};

}  // namespace cdctl::test
