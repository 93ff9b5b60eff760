#include <catch2/catch.hpp>

#include "core/fleet/fleet.hpp"
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
  CHECK_FALSE(fleet::refuse_foreign(thumbs.context, fleet::SetView{.foreign = true}));
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
