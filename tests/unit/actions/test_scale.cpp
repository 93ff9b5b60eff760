#include <catch2/catch.hpp>

#include "core/actions/scale.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

/// A set of `worker` units and one `beat`.
SetName deploy(FakeService& thumbs, std::int64_t workers = 3) {
  const auto set = thumbs.deploy('a', 2h);
  auto& status = thumbs.engine.sets[set.str()];
  status.processes = {{"worker", workers}, {"beat", 1}};
  status.want = status.up = workers + 1;
  thumbs.entry(set).set->units = workers + 1;
  thumbs.door.open_connections[set.str()] = workers + 1;
  return set;
}
bool scale(FakeService& thumbs, const ScaleOrder& order, const ScaleOptions& options = {}) {
  thumbs.journal.lines.clear();
  return scale_set(thumbs.context, order, options, Deadline(5s));
}

}  // namespace

TEST_CASE("more units are the engine's first, and the memory's then") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  CHECK(scale(thumbs, {set, {{"worker", 8}}, "the sale"}));
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.scale", "memory.set owned", "unlock"});
  CHECK(thumbs.entry(set).set->units == 9);
  const auto& record = thumbs.record();
  CHECK(record["action"].view() == "scale");
  CHECK(record["changed"].as_bool());
  CHECK(record["why"].view() == "the sale");
  CHECK(record["units"]["worker"].as_int() == 8);
  CHECK(record["units"]["beat"].as_int() == 1);
  CHECK(scale(thumbs, {set, {{"worker", 8}}}));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.journal.lines == Lines{"lock", "engine.scale", "unlock"});
}

TEST_CASE("without numbers it is what the service's file says") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  CHECK(scale(thumbs, {set, {}}, {.even_last = true}));
  CHECK(thumbs.engine.sets[set.str()].processes == UnitCounts{{"worker", 1}, {"beat", 0}});
  thumbs.change([](ServiceConfig& service) { service.units.clear(); });
  CHECK_FALSE(scale(thumbs, {set, {}}));
  CHECK(thumbs.record()["exit"].as_int() == 3);
}

TEST_CASE("a dry run of a scale asks nobody to do anything") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  CHECK(scale(thumbs, {set, {{"worker", 8}}}, {.dry_run = true}));
  CHECK(thumbs.journal.lines.empty());
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["dry_run"].as_bool());
}

TEST_CASE("min_live holds for units, too") {
  FakeService thumbs;
  thumbs.change([](ServiceConfig& service) { service.min_live = {3, false}; });
  const auto set = deploy(thumbs);
  CHECK_FALSE(scale(thumbs, {set, {{"worker", 1}}}));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.engine.sets[set.str()].processes.at("worker") == 3);
  CHECK(scale(thumbs, {set, {{"worker", 2}}}));  // three are left
  CHECK(scale(thumbs, {set, {{"worker", 1}}}, {.even_last = true}));
  thumbs.entry(set).cut = true;  // it serves nobody
  CHECK(scale(thumbs, {set, {{"worker", 2}}}));
  CHECK(scale(thumbs, {set, {{"worker", 1}}}));
}

TEST_CASE("min_live is not met by units of another process, which may do other work") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  thumbs.door.open_connections[set.str()] = 3;  // the workers
  CHECK_FALSE(scale(thumbs, {set, {{"worker", 0}, {"beat", 5}}}));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(scale(thumbs, {set, {{"worker", 1}, {"beat", 5}}}));
}

TEST_CASE("what cannot be scaled says why") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  CHECK_FALSE(scale(thumbs, {set, {{"wroker", 2}}}));
  CHECK(thumbs.record()["exit"].as_int() == 3);
  CHECK(thumbs.record()["error"].as_string().contains("did you mean"));
  CHECK_FALSE(scale(thumbs, {set, {{"worker", 0}, {"beat", 0}}}));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  thumbs.engine.sets[set.str()].processes.clear();  // an engine that does not tell
  CHECK_FALSE(scale(thumbs, {set, {{"worker", 2}}}));
  CHECK(thumbs.record()["exit"].as_int() == 3);
  thumbs.engine.sets[set.str()].want.reset();
  CHECK_FALSE(scale(thumbs, {set, {{"worker", 2}}}));
  CHECK(thumbs.record()["exit"].as_int() == 4);
}

TEST_CASE("a wish about another moment is left alone") {
  FakeService thumbs;
  const auto set = deploy(thumbs);
  CHECK(scale(thumbs, {set, {{"worker", 8}}, "", now() - 10min, 3}));
  CHECK_FALSE(thumbs.record()["ignored"].view().empty());
  CHECK(scale(thumbs, {set, {{"worker", 8}}, "", now(), 2}));
  CHECK_FALSE(thumbs.record()["ignored"].view().empty());
  CHECK(thumbs.engine.sets[set.str()].processes.at("worker") == 3);
  CHECK(scale(thumbs, {set, {{"worker", 8}}, "", now(), 3}));
  CHECK(thumbs.engine.sets[set.str()].processes.at("worker") == 8);
  // The same wish again: it is so
  CHECK(scale(thumbs, {set, {{"worker", 8}}, "", now(), 3}));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["ignored"].view().empty());
}
