#include <algorithm>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "plugins/juju/model/status.hpp"

using namespace cdctl;
using namespace cdctl::juju;

namespace {

Json capture(const std::string& name) {
  const auto text = read_file(CDCTL_SOURCE_DIR "/tests/captures/juju/" + name);
  REQUIRE(text);
  auto json = Json::parse(*text);
  REQUIRE(json);
  return std::move(*json);
}

ModelStatus status_of(const Json& json) {
  auto status = parse_status(json);
  REQUIRE(status);
  return std::move(*status);
}
ModelStatus captured(const std::string& name) { return status_of(capture(name)); }

Counts total(const ModelStatus& model) {
  Counts out;
  for (const auto& application : model.applications) {
    if (!application.units) continue;
    out.up += application.units->up;
    out.down += application.units->down;
    out.bad += application.units->bad;
    out.unknown += application.units->unknown;
  }
  return out;
}

const Unit& unit_of(const ModelStatus& model, std::string_view name) {
  const auto at = std::ranges::find(model.units, name, &Unit::name);
  REQUIRE(at != model.units.end());
  return *at;
}
const Application& application_of(const ModelStatus& model, std::string_view name) {
  const auto at = std::ranges::find(model.applications, name, &Application::name);
  REQUIRE(at != model.applications.end());
  return *at;
}

/// A model of one application with these units, as JSON: `name: workload|agent`.
Json model_of(std::initializer_list<std::pair<const char*, const char*>> units) {
  auto table = Json::object();
  for (const auto& [name, states] : units) {
    const std::string_view both(states);
    const auto bar = both.find('|');
    table.set(name,
              Json::object({{"workload-status", Json::object({{"current", both.substr(0, bar)}})},
                            {"juju-status", Json::object({{"current", both.substr(bar + 1)}})}}));
  }
  const auto application = Json::object({{"charm", "x"}, {"units", table}});
  return Json::object({{"model", Json::object({{"name", "m"}})},
                       {"applications", Json::object({{"x", application}})}});
}

}  // namespace

TEST_CASE("the units of each capture are counted as a person counts them") {
  struct Row {
    const char* capture;
    std::int64_t up, down, bad, unknown;
  };
  const auto row = GENERATE(values<Row>({
      {"status-29-machines.json", 3, 0, 3, 0},
      {"status-29-k8s.json", 2, 0, 0, 0},
      {"status-31-k8s.json", 1, 3, 0, 0},
      {"status-36-k8s-offers.json", 1, 2, 0, 0},
      {"status-40-machines.json", 2, 1, 1, 0},
      {"status-36-machines.json", 3, 2, 4, 3},
      {"status-36-status-errors.json", 1, 0, 0, 3},
      {"status-40-k8s.json", 2, 0, 0, 1},
      {"status-40-all-lost.json", 0, 2, 0, 2},
      {"status-36-empty.json", 0, 0, 0, 0},
      {"status-30-least.json", 0, 0, 0, 0},
  }));
  INFO(row.capture);
  const auto counts = total(captured(row.capture));
  CHECK(counts.up == row.up);
  CHECK(counts.down == row.down);
  CHECK(counts.bad == row.bad);
  CHECK(counts.unknown == row.unknown);
}

TEST_CASE("units are judged by their own words") {
  const auto model = captured("status-36-machines.json");
  const auto is = [&](const char* name, Health health, const std::string& why) {
    const auto& unit = unit_of(model, name);
    INFO(name << ": " << to_string(unit.health) << ", " << unit.why);
    CHECK(unit.health == health);
    CHECK(unit.why == why);
  };
  is("thumbs/0", Health::ok, "");
  is("thumbs/1", Health::bad, "error: hook failed: \"amqp-relation-changed\"");
  is("thumbs/10", Health::ok, "");
  is("thumbs/2", Health::bad, "agent lost");
  is("thumbs/3", Health::wait, "waiting: waiting for machine");
  is("thumbs/4", Health::bad, "failed: resolver loop error");
  is("thumbs/5", Health::wait, "terminated");
  is("thumbs/6", Health::unknown, "its charm says nothing of itself");
  is("thumbs/7", Health::unknown, "'dozing' is not a state of its workload that cdctl knows");
  is("thumbs/8", Health::unknown, "Juju says nothing of its agent");
  is("shy/0", Health::bad, "blocked: amqp relation missing");
  CHECK_FALSE(model.everyone_lost);
  CHECK(application_of(model, "shy").status.current == "active");
  CHECK(application_of(model, "shy").health == Health::bad);
  CHECK(application_of(model, "old").life == "dying");
  CHECK(unit_of(model, "thumbs/10").machine == "0/lxd/0");
}

TEST_CASE("agents lost all at once are the controller's trouble, one among others is its own") {
  const auto fog = captured("status-40-all-lost.json");
  CHECK(fog.everyone_lost);
  CHECK(unit_of(fog, "lamp/0").health == Health::unknown);
  CHECK(unit_of(fog, "lamp/1").health == Health::unknown);
  CHECK(unit_of(fog, "lamp/2").health == Health::wait);
  CHECK(application_of(fog, "lamp").health == Health::unknown);
  CHECK(application_of(fog, "lamp").status.current == "active");

  CHECK(unit_of(status_of(model_of({{"x/0", "unknown|lost"}})), "x/0").health == Health::unknown);
  const auto one = status_of(model_of({{"x/0", "unknown|lost"}, {"x/1", "blocked|idle"}}));
  CHECK(unit_of(one, "x/0").health == Health::bad);
  CHECK_FALSE(status_of(model_of({{"x/0", "waiting|allocating"}})).everyone_lost);
  // An agent that runs an install hook is never called lost: that it is not is no sign of life.
  auto installing = model_of({{"x/0", "unknown|lost"}, {"x/1", "active|executing"}});
  installing.find("applications")
      ->find("x")
      ->find("units")
      ->find("x/1")
      ->find("juju-status")
      ->set("message", "running install hook");
  CHECK(unit_of(status_of(installing), "x/1").health == Health::unknown);
}

TEST_CASE("subordinates are counted for their own application") {
  const auto model = captured("status-29-machines.json");
  const auto& watcher = application_of(model, "watcher");
  CHECK(watcher.kind == ApplicationKind::subordinate);
  REQUIRE(watcher.units);
  CHECK(watcher.units->up == 1);
  CHECK(watcher.units->bad == 2);
  CHECK(application_of(model, "inker").units->up == 2);
  const auto& unit = unit_of(model, "watcher/1");
  CHECK(unit.principal == "inker/1");
  CHECK(unit.machine == "1");
  CHECK(unit.application == "watcher");
}

TEST_CASE("a subordinate whose application is not listed is counted all the same") {
  auto json = model_of({{"x/0", "active|idle"}});
  const auto sub = Json::object({{"workload-status", Json::object({{"current", "blocked"}})},
                                 {"juju-status", Json::object({{"current", "idle"}})}});
  json.find("applications")
      ->find("x")
      ->find("units")
      ->find("x/0")
      ->set("subordinates", Json::object({{"ghost/0", sub}}));
  const auto model = status_of(json);
  REQUIRE(application_of(model, "ghost").units);
  CHECK(application_of(model, "ghost").units->bad == 1);
}

TEST_CASE("fewer units than the scale are down, what cannot be read is not counted") {
  const auto loom = captured("status-31-k8s.json");
  CHECK(application_of(loom, "weaver").units->want() == 4);
  CHECK(application_of(loom, "weaver").health == Health::wait);
  CHECK(application_of(loom, "parked").units->want() == 0);
  CHECK_FALSE(application_of(loom, "parked").health);
  CHECK(application_of(loom, "broker").kind == ApplicationKind::remote);
  CHECK(application_of(loom, "broker").url == "mill:admin/queues.rabbit");
  CHECK_FALSE(application_of(loom, "broker").units);

  const auto dim = captured("status-36-status-errors.json");
  CHECK_FALSE(application_of(dim, "hidden").units);
  CHECK(application_of(dim, "hidden").health == Health::unknown);
  CHECK(application_of(dim, "hidden").error == "i/o timeout");
  CHECK(dim.status.error == "no reachable servers");
  CHECK(unit_of(dim, "half/0").why == "Juju could not read it: i/o timeout");
  CHECK(application_of(dim, "far").error == "i/o timeout");
}

TEST_CASE("what is no status is no answer") {
  for (const auto* text :
       {"{}", "[]", "null", "3", R"({"model":{}})", R"({"applications":{}})",
        R"({"model":[],"applications":{}})", R"({"model":{},"applications":[]})"}) {
    INFO(text);
    const auto status = parse_status(Json::parse(text).value());
    REQUIRE_FALSE(status);
    CHECK(status.error().exit == ExitCode::unknown);
  }
}

TEST_CASE("members of unexpected types are as if they were not there") {
  const auto json = Json::parse(
      R"({"model":{"name":3,"model-status":"x"},"applications":{"a":7,"b":{"units":[1],"scale":"2","subordinate-to":{"x":1}},
    "c":{"units":{"c/0":null,"c/1":{"workload-status":[],"juju-status":1,"subordinates":[2]}},"scale":-3}},"application-endpoints":[1]})");
  REQUIRE(json);
  const auto model = status_of(*json);
  CHECK(model.applications.size() == 3);
  CHECK(total(model).unknown == 2);
  CHECK(total(model).up == 0);
  CHECK_FALSE(application_of(model, "c").scale);
}

TEST_CASE("times are read as every client prints them") {
  CHECK(to_rfc3339(parse_juju_time("2026-03-02 09:14:07Z").value()) == "2026-03-02T09:14:07.000Z");
  CHECK(to_rfc3339(parse_juju_time("02 Mar 2026 10:14:07+01:00").value()) ==
        "2026-03-02T09:14:07.000Z");
  CHECK(to_rfc3339(parse_juju_time("24 Dec 2025 23:00:00Z").value()) == "2025-12-24T23:00:00.000Z");
  for (const auto* text :
       {"", "just now", "42 minutes ago", "never connected", "2026-03-02", "02 Mrz 2026 10:14:07Z",
        "2026-03-02T09:14:07Z", "2026-03-02 25:14:07Z", "02 Mar 2026 "}) {
    INFO(text);
    CHECK_FALSE(parse_juju_time(text));
  }
}

TEST_CASE("a list of models is complete only when juju said nothing else") {
  const auto json = capture("models-36.json");
  const auto whole = parse_models(json, "");
  REQUIRE(whole);
  CHECK(whole->missing.empty());
  REQUIRE(whole->models.size() == 4);
  CHECK(whole->models[1].name == "admin/thumbs");
  CHECK(valid_uuid(whole->models[1].uuid));
  CHECK(whole->models[2].life == "dying");
  CHECK(whole->models[0].is_controller);
  CHECK(whole->models[3].status.message == "migrating: exporting model");

  const auto partial = parse_models(json, "model bob/gone: permission denied\n");
  REQUIRE(partial);
  CHECK(partial->missing == "juju also said: model bob/gone: permission denied");
  CHECK(parse_models(Json::parse(R"({"models":[{"name":"admin/x"}]})").value(), "")->missing ==
        "1 of its models have no name or no uuid");
  for (const auto* text : {"{}", "[]", R"({"models":null})", R"({"models":{}})"}) {
    INFO(text);
    CHECK_FALSE(parse_models(Json::parse(text).value(), ""));
  }
  CHECK(parse_models(Json::parse(R"({"models":[]})").value(), "")->models.empty());
  CHECK(parse_models(capture("models-40.json"), "")->models[1].name == "admin/reel");
  CHECK(parse_models(capture("models-29.json"), "")->models[1].name == "ann@external/press");
}

TEST_CASE("offers tell who is connected") {
  const auto offers = parse_offers(capture("offers-36.json"));
  REQUIRE(offers);
  REQUIRE(offers->size() == 1);
  const auto& rabbit = offers->front();
  CHECK(rabbit.url == "admin/queues.rabbit");
  CHECK(rabbit.endpoints.at(0).interface == "rabbitmq");
  REQUIRE(rabbit.connections);
  REQUIRE(rabbit.connections->size() == 2);
  CHECK(rabbit.connections->at(1).relation_id == 9);
  CHECK(rabbit.connections->at(1).status.current == "suspended");
  CHECK_FALSE(parse_offers(capture("offers-40.json"))->front().connections);
  CHECK(parse_offers(Json::parse("{}").value())->empty());
  for (const auto* text : {"[]", "null", R"({"rabbit":3})"})
    CHECK_FALSE(parse_offers(Json::parse(text).value()));
}

TEST_CASE("an address of a model cannot be anything else") {
  const auto is = [](const char* text, const char* controller, const char* owner,
                     const char* name) {
    INFO(text);
    const auto address = parse_model_address(text);
    REQUIRE(address);
    CHECK(address->controller == controller);
    CHECK(address->owner == owner);
    CHECK(address->name == name);
    CHECK(address->str() == text);
  };
  is("thumbs", "", "", "thumbs");
  is("admin/thumbs-r5f0c1e9a2b", "", "admin", "thumbs-r5f0c1e9a2b");
  is("attic:ann@external/press", "attic", "ann@external", "press");
  is("jimm.example:0c0ffee0-0000-4000-8000-000000000001", "jimm.example", "",
     "0c0ffee0-0000-4000-8000-000000000001");
  CHECK(parse_model_address("0c0ffee0-0000-4000-8000-000000000001")->is_uuid());
  CHECK_FALSE(parse_model_address("thumbs")->is_uuid());
  for (const auto* text : {"", "-m", "--all", "Thumbs", "a b", "a/b/c", "../x", ":x", "x:", "/x",
                           "x/", "-c:x", "a:-b/c", "x\n", "a;b", "é", "a:b:c"}) {
    INFO(text);
    const auto address = parse_model_address(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().exit == ExitCode::usage);
  }
}

TEST_CASE("names of applications are Juju's") {
  for (const auto* good : {"thumbs", "thumbs-r5f0c1e9a2b", "a1-b2"})
    CHECK(valid_application_name(good));
  for (const auto* bad : {"", "1a", "thumbs-41", "thumbs-", "-a", "a--b", "A", "a/0", "a b"})
    CHECK_FALSE(valid_application_name(bad));
}

TEST_CASE("an address names a model by its name, and by its owner where it says one") {
  ModelItem model;
  model.name = "ann/thumbs";
  CHECK(short_name(model) == "thumbs");
  CHECK(has_name(model, {"", "", "thumbs"}));
  CHECK(has_name(model, {"attic", "ann", "thumbs"}));
  CHECK_FALSE(has_name(model, {"", "bob", "thumbs"}));
  CHECK_FALSE(has_name(model, {"", "", "ann/thumbs"}));
  CHECK(models_called({model, model}, {"", "ann", "thumbs"}).size() == 2);
  model.is_controller = true;
  CHECK(models_called({model}, {"", "ann", "thumbs"}).empty());
}
