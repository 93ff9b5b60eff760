#include <catch2/catch.hpp>

#include "core/fleet/fleet.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

Json record_of(FakeService& thumbs, const SetName& set) {
  fleet::Fleet fleet(thumbs.context);
  fleet.load({"thumbs"}, Deadline(5s));
  fleet.load_work(Deadline(5s));
  return records::encode(fleet.service("thumbs")->set(set)->record());
}

}  // namespace

TEST_CASE("whether a set takes messages is unknown where that could not be asked") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK_FALSE(record_of(thumbs, set).find("idle"));
  thumbs.journal.failing = "door.connections";
  const auto record = record_of(thumbs, set);
  REQUIRE(record.find("idle"));
  CHECK(record["idle"].is_null());
  thumbs.journal.failing.clear();
  thumbs.door.work[set.str()] = {true, 1, 0, 0};
  CHECK(record_of(thumbs, set)["idle"].as_string() == "connected, consumes nothing");
}
