#include "tests/support/local_home.hpp"

#include "plugins/local/probe.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

/// Looks at the one set of a home, each on the memory of the one before.
struct Watched {
  LocalHome home;
  local::LocalProbe probe{home.host};
  ServiceConfig service;
  Json memory;

  std::vector<Json> look(const std::string& at = {}) {
    service.name = "thumbs";
    const ProbeTarget target{service, k_set, at.empty() ? home.engine.home() : at, 2, false};
    return must(probe.observe({&target, 1}, memory, soon()));
  }
};

const Json* find(const std::vector<Json>& signals, std::string_view name) {
  for (const auto& signal : signals)
    if (signal["signal"].view() == name) return &signal;
  return nullptr;
}

local::SetFiles reading_of(std::vector<local::UnitStatus> units) {
  local::SetFiles out;
  out.there = out.alive = out.finished = true;
  out.status = local::Status{};
  out.status->units = std::move(units);
  return out;
}

}  // namespace

TEST_CASE("units that are up are a good observation, with counts from the second look on") {
  Watched watched;
  watched.home.deploy("exec sleep 1000", 2);
  const auto first = watched.look();
  REQUIRE(first.size() == 1);
  CHECK(first[0]["severity"].view() == "info");
  CHECK(first[0]["local"] == Json::object({{"want", 2}, {"up", 2}, {"no_rate", "first look"}}));
  const auto second = watched.look();
  REQUIRE(second.size() == 1);
  CHECK(second[0]["counts"]["ok"].as_int() == 2);
  CHECK(second[0]["counts"]["failed"].as_int() == 0);
}

TEST_CASE("a service with a broker has its counts from there") {
  Watched watched;
  watched.service.table = Json::object({{"rabbit", Json::object()}});
  watched.home.deploy("exec sleep 1000");
  (void)watched.look();
  CHECK_FALSE(watched.look()[0].find("counts"));
}

TEST_CASE("a unit that crashes again and again is told with its last end") {
  Watched watched;
  watched.home.deploy("exit 3");
  (void)watched.look();
  std::string worst, message;
  CHECK(eventually([&] {
    const auto signals = watched.look();
    const auto* restarts = find(signals, "local/restarts");
    if (!restarts) return false;
    CHECK((*restarts)["unit"].view() == "0");
    message = (*restarts)["message"].as_string();
    return (*restarts)["severity"].view() == "error";
  }));
  CHECK(message.contains("exit status 3"));
}

TEST_CASE("a set whose supervisor was killed is down") {
  Watched watched;
  watched.home.deploy("exec sleep 1000");
  const auto supervisor = watched.home.supervisor();
  ::kill(supervisor.pid, SIGKILL);
  REQUIRE(eventually([&] { return watched.home.state() == "down"; }));
  const auto signals = watched.look();
  const auto* down = find(signals, "local/down");
  REQUIRE(down);
  CHECK((*down)["severity"].view() == "error");
  CHECK((*down)["message"].view().contains("supervisor"));
}

TEST_CASE("a set that is cut from the world is not called down") {
  Watched watched;
  watched.home.deploy("exec sleep 1000");
  must(watched.home.engine.cut(k_set, soon()));
  CHECK(find(watched.look(), "local/down") == nullptr);
}

TEST_CASE("sets of other homes, and sets that are not there, are passed over") {
  Watched watched;
  CHECK(watched.look().empty());
  watched.home.deploy("exec sleep 1000");
  CHECK(watched.look("elsewhere:/var/lib/cdctl").empty());
}

TEST_CASE("one unit of two down is a warning, and a few restarts long ago are nothing") {
  const auto clock = now();
  local::UnitStatus up, down;
  up.state = local::UnitState::up;
  up.since = clock - std::chrono::minutes(5);
  up.restarts = 7;
  down.state = local::UnitState::backoff;
  const auto signals =
      local::judge_units(k_set, reading_of({up, down}),
                         local::UnitsBefore{clock - std::chrono::seconds(10), {7, 0}}, true, clock);
  REQUIRE(find(signals, "local/down"));
  CHECK((*find(signals, "local/down"))["severity"].view() == "warning");
  CHECK(find(signals, "local/restarts") == nullptr);
}

TEST_CASE("units that cannot be read are unknown, and neither up nor down") {
  auto files = reading_of({});
  files.status.reset();
  const auto signals = local::judge_units(k_set, files, {}, true, now());
  REQUIRE(signals.size() == 1);
  CHECK(signals[0]["signal"].view() == "local/unknown");
}
