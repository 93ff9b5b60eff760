#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "core/app/context.hpp"
#include "tests/support/fake_roles.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

/// Keeps what would be printed.
class KeptOutput final : public app::Output {
 public:
  std::vector<Json> records;
  std::vector<std::string> lines;  ///< of stderr

  void write(const Json& record) override { records.push_back(record); }
  bool flush() override { return true; }
  [[nodiscard]] bool broken() const override { return false; }
  void warning(std::string_view line) override { lines.emplace_back(line); }
  void note(std::string_view line) override { lines.emplace_back(line); }
  void debug(std::string_view) override {}
  void error(std::string_view line) override { lines.emplace_back(line); }
  void progress(std::string_view) override {}
};

/// One service `thumbs` behind the switch `door`, on an engine, with a memory: all of them fakes
/// that write down what is asked of them. Gone with the object.
class FakeService {
 public:
  explicit FakeService(bool with_broker = true)
      : memory(journal), door(journal, memory), engine(journal), deployer(journal) {
    ::setenv("CDCTL_HOME", home.path().c_str(), 1);
    Config config;
    config.file = home.path() / "cdctl.toml";
    config.services.emplace_back();
    auto& service = config.services.back();
    service.name = "thumbs";
    service.file = home.path() / "services.d/thumbs.toml";
    if (with_broker) service.switches.emplace_back("door");
    service.switches.emplace_back("local");
    service.units["worker"] = 1;
    context.use_config(std::move(config));
    context.use<Memory>(context.memory_name(), memory);
    context.use<Switch>("door", door);
    context.use<Engine>("local", engine);
    context.use<Deployer>("mojo", deployer);
  }
  ~FakeService() { ::unsetenv("CDCTL_HOME"); }

  TempDir home;
  Journal journal;
  FakeMemory memory;
  FakeSwitch door;
  FakeEngine engine;
  FakeDeployer deployer;
  KeptOutput out;
  app::Context context{{}, out};

  /// A set that is out there and at work, deployed so long ago.
  SetName deploy(char digit, Millis age) {
    const SetName name{"thumbs", "r" + std::string(10, digit)};
    SetStatus status;
    status.name = name;
    status.engine = "local", status.home = engine.home_value;
    status.state = "live";
    status.want = status.up = 1;
    status.deployed_at = now() - age;
    status.served = true;
    status.world_cut = false;
    status.sources["trunk"] = {"git", "u", std::string(8, digit), {}};
    engine.sets[name.str()] = status;
    auto& entry = memory.entries[name.str()];
    entry.set =
        SetMemo{name, "local", engine.home_value, status.sources, *status.deployed_at, 1, {}, {}};
    entry.provisioned = true;
    entry.cut = false;
    door.open_connections[name.str()] = 1;
    return name;
  }
  /// The same service with other settings.
  void change(const std::function<void(ServiceConfig&)>& how) {
    auto config = context.config();
    how(config.services.front());
    context.use_config(std::move(config));
  }
  MemoryEntry& entry(const SetName& set) { return memory.entries[set.str()]; }
  /// The last record.
  [[nodiscard]] const Json& record() const { return out.records.back(); }
  /// The plugins of its steps: `door local!`, with a mark behind one that failed.
  [[nodiscard]] std::string steps() const {
    std::string text;
    for (const auto& step : record()["steps"].items()) {
      text += (text.empty() ? "" : " ") + step["plugin"].as_string();
      if (!step["ok"].as_bool()) text += "!";
    }
    return text;
  }
};

/// Whether the action ends at this step boundary when it is to be killed there.
inline bool dies_at(const std::string& boundary, const std::function<void()>& action) {
  const auto pid = ::fork();
  if (pid == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", boundary.c_str(), 1);
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace cdctl::test
