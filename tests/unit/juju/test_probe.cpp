#include <algorithm>

#include <cdctl/set_name.hpp>

#include "plugins/juju/engine/probe.hpp"
#include "tests/support/juju_engine.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using test::JujuHome;
using test::must;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
Deadline soon() { return Deadline(std::chrono::seconds(60)); }

const Json* find(const std::vector<Json>& signals, std::string_view name) {
  const auto at = std::ranges::find_if(
      signals, [&](const Json& signal) { return signal["signal"].view() == name; });
  return at == signals.end() ? nullptr : &*at;
}

/// Looks at one set on the stand-in's controller.
struct Watched {
  JujuHome home;
  ServiceConfig service;
  JujuProbe probe{home.host()};
  Json memory;

  Watched() {
    service.name = "thumbs";
    home.host().engines["juju"] = &home.engine();
    home.deploy(k_set);
    home.wait_for_units(k_set, 2);
  }
  Result<std::vector<Json>> look(const std::string& at = {}) {
    const ProbeTarget target{service, k_set, at.empty() ? home.engine().home() : at, 2, false};
    return probe.observe({&target, 1}, memory, soon());
  }
};

SetStatus status_of(std::optional<std::int64_t> up, std::optional<std::int64_t> want) {
  SetStatus out;
  out.name = k_set;
  out.state = "live";
  out.up = up;
  out.want = want;
  return out;
}

}  // namespace

TEST_CASE("units that are up are a good observation with counts") {
  Watched watched;
  const auto signals = must(watched.look());
  REQUIRE(signals.size() == 1);
  CHECK(signals[0]["severity"].view() == "info");
  CHECK(signals[0]["counts"] == Json::object({{"ok", 2}, {"failed", 0}}));
  CHECK(must(watched.look("juju:elsewhere")).empty());
}

TEST_CASE("a unit whose hook failed is bad, with the reason that Juju gives") {
  Watched watched;
  watched.home.world.control({"say", k_set.str(), "lamp/0", "error", "hook failed: \"install\""});
  const auto signals = must(watched.look());
  const auto* bad = find(signals, "juju/bad");
  REQUIRE(bad);
  CHECK((*bad)["severity"].view() == "error");
  CHECK((*bad)["unit"].view() == "lamp/0");
  CHECK((*bad)["message"].view().contains("hook failed"));
  CHECK((*find(signals, "juju/units"))["counts"] == Json::object({{"ok", 1}, {"failed", 1}}));
}

TEST_CASE("agents that are all lost say nothing about the set") {
  Watched watched;
  watched.home.world.control({"lost", "on", k_set.str()});
  const auto signals = must(watched.look());
  REQUIRE(signals.size() == 1);
  CHECK(signals[0]["signal"].view() == "juju/unknown");
}

TEST_CASE("a controller that does not answer is an error and no signal") {
  Watched watched;
  watched.home.world.control({"dead", "on"});
  const auto signals = watched.look();
  REQUIRE_FALSE(signals);
  CHECK((signals.error().exit == ExitCode::unknown || signals.error().exit == ExitCode::timeout));
}

TEST_CASE(
    "missing units are told after five minutes, and never of a set that is cut from the world") {
  const auto begun = now();
  std::optional<Time> since;
  CHECK(find(judge_units(status_of(1, 2), true, since, begun), "juju/down") == nullptr);
  REQUIRE(since == begun);
  CHECK(find(judge_units(status_of(1, 2), true, since, begun + std::chrono::minutes(4)),
             "juju/down") == nullptr);
  CHECK((*find(judge_units(status_of(1, 2), true, since, begun + std::chrono::minutes(5)),
               "juju/down"))["severity"]
            .view() == "warning");
  CHECK((*find(judge_units(status_of(0, 2), true, since, begun + std::chrono::minutes(6)),
               "juju/down"))["severity"]
            .view() == "error");
  auto cut = status_of(0, 2);
  cut.world_cut = true;
  CHECK(find(judge_units(cut, true, since, begun + std::chrono::minutes(7)), "juju/down") ==
        nullptr);
  CHECK_FALSE(since);
}

TEST_CASE("units that nobody knows about are unknown, and neither up nor down") {
  std::optional<Time> since;
  const auto signals = judge_units(status_of(std::nullopt, 2), true, since, now());
  REQUIRE(signals.size() == 1);
  CHECK(signals[0]["signal"].view() == "juju/unknown");
  CHECK_FALSE(judge_units(status_of(2, 2), false, since, now())[0].find("counts"));
}
