#include <catch2/catch.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/unconnected.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

/// What a look at the service says of one set.
fleet::SetView look(FakeService& thumbs, const SetName& name) {
  fleet::Fleet fleet(thumbs.context);
  fleet.load({}, Deadline(5s));
  auto* view = fleet.service(name.service);
  REQUIRE(view);
  const auto* set = view->set(name);
  REQUIRE(set);
  return *set;
}

}  // namespace

TEST_CASE("a set is where its engine and the memory say") {
  FakeService thumbs;
  const auto set = look(thumbs, thumbs.deploy('a', 1h));
  CHECK(set.here());
  CHECK_FALSE(set.ghost);
  CHECK_FALSE(set.foreign);
  CHECK_FALSE(set.leftover);
  CHECK(set.owner.empty());
  CHECK(set.out_there());
}

TEST_CASE("what is here of a set of another home is not what the set is") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 1h);
  thumbs.entry(name).set->home = "there";
  const auto set = look(thumbs, name);
  CHECK_FALSE(set.here());
  REQUIRE(set.leftover);
  const auto record = records::encode(set.record());
  CHECK(record["home"].view() == "there");
  CHECK(record["state"].is_null());
  CHECK(record["units"].is_null());
  CHECK(record["leftover"].view() == "live");
  CHECK(set.out_there());  // its own home repairs it

  thumbs.engine.sets[name.str()].homes = {"there"};  // the same home under its old name
  const auto renamed = look(thumbs, name);
  CHECK(renamed.here());
  CHECK(renamed.owner == "there");
  CHECK(renamed.state == "live");
}

TEST_CASE("a set that its home has lost is a ghost, and is offered again") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 1h);
  thumbs.engine.sets.clear();
  const auto set = look(thumbs, name);
  CHECK(set.ghost);
  CHECK_FALSE(set.out_there());
  CHECK(records::encode(set.record())["state"].view() == "down");
  thumbs.entry(name).cut = true;  // and if it was cut it stays so
  CHECK(look(thumbs, name).out_there());
  thumbs.entry(name).set->home = "there";
  CHECK_FALSE(look(thumbs, name).ghost);
  thumbs.entry(name).set->home = "here";
  thumbs.journal.failing = "engine.list";  // who did not answer has lost nothing
  CHECK_FALSE(look(thumbs, name).ghost);
}

TEST_CASE("of a foreign set nothing is said that only its owner knows") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 48h);
  auto config = thumbs.context.config();
  config.services.clear();
  thumbs.context.use_config(config);
  const auto set = look(thumbs, name);
  CHECK(set.foreign);
  const auto record = records::encode(set.record());
  CHECK(record["foreign"].as_bool());
  for (const auto* member : {"state", "cut", "units"}) CHECK(record[member].is_null());
  CHECK_FALSE(record["newest"].as_bool());
  CHECK_FALSE(record["proven"].as_bool());
  fleet::SetView unknown;
  unknown.foreign = true;
  CHECK_FALSE(fleet::refuse_foreign(thumbs.context, unknown));
  CHECK(fleet::refuse_foreign(thumbs.context, set));  // the memory that is asked here knows it

  config.broken.emplace("thumbs", Error{ExitCode::config, "no such key"});
  thumbs.context.use_config(config);
  CHECK_FALSE(look(thumbs, name).foreign);  // configured here, and not readable
}

TEST_CASE("a set that another home has only noted is out there, and not cut") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 1h);
  thumbs.engine.sets.clear();
  auto& entry = thumbs.entry(name);
  entry.set->home = "there";
  entry.provisioned = false, entry.cut.reset();
  const auto set = look(thumbs, name);
  CHECK(set.out_there());
  CHECK(set.cut == false);  // a guard that counts must not stop at it
}

TEST_CASE("a set that was reaped while its home was given up does not come back by itself") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 2h);
  thumbs.entry(name).set->reaped_at = now() - 1h;
  thumbs.entry(name).provisioned = false;
  thumbs.entry(name).cut.reset();
  const auto set = look(thumbs, name);
  CHECK(set.given_up());
  CHECK_FALSE(set.here());
  CHECK_FALSE(set.locked_out);
  CHECK_FALSE(set.fallen());
  CHECK(records::encode(set.record())["leftover"].view() == "live");
  // One that was deployed again since is what it is, and so is one whose reap was killed here.
  thumbs.engine.sets[name.str()].deployed_at = now() - 30min;
  CHECK_FALSE(look(thumbs, name).given_up());
  thumbs.engine.sets[name.str()].deployed_at = now() - 2h;
  thumbs.engine.sets[name.str()].state = "reaping";
  CHECK_FALSE(look(thumbs, name).given_up());
}

TEST_CASE("a set of which nothing is connected is known, once it has had the time") {
  FakeService thumbs;
  const auto idle = thumbs.deploy('a', 2h), busy = thumbs.deploy('b', 1h);
  const auto names = [&] {
    fleet::Fleet fleet(thumbs.context);
    fleet.load({}, Deadline(5s));
    const auto found =
        fleet::unconnected_sets(thumbs.context, fleet.services().front(), Deadline(5s));
    REQUIRE(found);
    std::vector<std::string> out;
    for (const auto* set : *found) out.push_back(set->name.str());
    return out;
  };
  CHECK(names().empty());
  thumbs.door.open_connections[idle.str()] = 0;
  CHECK(names() == std::vector{idle.str()});
  SECTION("it is cut, down, or its user is gone: that is why") {
    thumbs.entry(idle).cut = true;
    CHECK(names().empty());
    thumbs.entry(idle).cut = false;
    thumbs.engine.sets[idle.str()].up = 0;
    CHECK(names().empty());
  }
  SECTION("the broker has just come back") {
    thumbs.door.up_since_value = now() - 10s;
    CHECK(names().empty());
  }
  SECTION("it has just been deployed, or mended") {
    thumbs.entry(idle).set->deployed_at = now() - 10s;
    CHECK(names().empty());
    thumbs.entry(idle).set->deployed_at = now() - 2h;
    thumbs.entry(idle).cut_memo = CutMemo{false, "me", "", now() - 1h, {}, now() - 10s};
    CHECK(names().empty());
  }
}

TEST_CASE("a set that is up and takes nothing says so, once it has had the time") {
  FakeService thumbs;
  const auto name = thumbs.deploy('a', 2h);
  auto& status = thumbs.engine.sets[name.str()];
  const auto unit = [&](const char* state, Millis since, int restarts) {
    return Json::object(
        {{"state", state},
         {"since", to_rfc3339(now() - since)},
         {"restarts", restarts},
         {"log", Json::array({"403 ACCESS_REFUSED - no right", "and that was it"})}});
  };
  status.detail.set("units", Json::array({unit("up", 1h, 0)}));
  const auto view = [&] {
    fleet::Fleet fleet(thumbs.context);
    fleet.load({}, Deadline(5s));
    fleet.load_work(Deadline(5s));
    return fleet.services().front().sets.front();
  };
  thumbs.door.work[name.str()] = {true, 1, 0, 0};
  CHECK(view().idle == "connected, consumes nothing: 403 ACCESS_REFUSED - no right");
  CHECK(view().state == "live");
  CHECK(view().out_there());  // no deploy would help it
  CHECK(records::encode(view().record())["idle"].view().starts_with("connected"));
  SECTION("it is at work, may be, or is not expected to") {
    for (const auto& work :
         {AtWork{true, 4, 1, 0}, AtWork{true, 1, 0, 1}, AtWork{false, 1, 1, 0}}) {
      thumbs.door.work[name.str()] = work;
      CHECK(view().idle == "");
    }
  }
  SECTION("it has just been deployed, or the broker has just come back") {
    thumbs.entry(name).set->deployed_at = now() - 10s;
    CHECK(view().idle == "");
    thumbs.entry(name).set->deployed_at = now() - 2h;
    thumbs.door.up_since_value = now() - 10s;
    CHECK(view().idle == "");
  }
  SECTION("it is not connected") {
    thumbs.door.work[name.str()] = {true, 0, 0, 0};
    CHECK(view().idle.value().starts_with("not connected"));
    status.detail.set("units", Json::array({unit("up", 5s, 1)}));
    CHECK(view().idle == "");  // it was restarted just now
    status.detail.set("units", Json::array({unit("up", 5s, 7)}));
    CHECK(view().idle.value().contains("restarted 7 times: 403"));
  }
  SECTION("no password is told") {
    auto loud = unit("up", 1h, 0);
    loud.set("log", Json::array({"403 from amqp://set:s3cr@t@host/vhost ACCESS_REFUSED"}));
    status.detail.set("units", Json::array({loud}));
    CHECK(view().idle.value().ends_with(": 403 from amqp://…@host/vhost ACCESS_REFUSED"));
  }
  SECTION("it could not be asked") {
    thumbs.journal.failing = "door.connections";
    CHECK_FALSE(view().idle);
    CHECK(view().out_there());
  }
}

TEST_CASE("jobs that wait for nobody are an outage, and what could not be asked is none") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  const auto view = [&] {
    fleet::Fleet fleet(thumbs.context);
    fleet.load({}, Deadline(5s));
    fleet.load_outages(Deadline(5s));
    return std::pair(fleet.services().front().outage, fleet.services().front().unsure);
  };
  CHECK(view().first.empty());
  thumbs.door.stuck_value["thumbs"] = Backlog{3, "jobs"};
  CHECK(view().first == "3 jobs wait in jobs, and nobody consumes");
  thumbs.door.stuck_value["thumbs"] = Backlog{1, "jobs"};
  CHECK(view().first == "1 job waits in jobs, and nobody consumes");
  thumbs.journal.failing = "door.stuck";
  CHECK(view().first.empty());
  CHECK(view().second);
}

TEST_CASE("a name that is not configured is a typing error, unless somebody knows it") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK(fleet::find_service(thumbs.context, "thumbs"));
  const auto typo = fleet::find_service(thumbs.context, "thumsb");
  REQUIRE_FALSE(typo);
  CHECK(typo.error().exit == ExitCode::failed);
  CHECK(typo.error().what.contains("did you mean thumbs?"));
  CHECK(fleet::find_service(thumbs.context, "Thumbs").error().exit == ExitCode::usage);
  CHECK(fleet::find_service(thumbs.context, set.str()).error().exit == ExitCode::usage);
  auto config = thumbs.context.config();
  config.services.clear();
  thumbs.context.use_config(config);
  const auto foreign = fleet::find_service(thumbs.context, "thumbs");
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().exit == ExitCode::config);
  CHECK(foreign.error().what.contains("its sets live in home here"));
}
