// Bundles on an engine of charms: what it is handed.
#include <catch2/catch.hpp>

#include "plugins/mojo/bundle/handover.hpp"
#include "tests/support/mojo_stand.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::Stand;
namespace fs = std::filesystem;

namespace {

struct CharmStand : Stand {
  CharmStand() {
    claim.charms = true;
    service.engine = "juju";
    trunk.write("charm/dispatch", "#!/bin/sh\n", true);
  }
};

Json read(const std::string& text) {
  std::vector<Problem> problems;
  const auto bundle = parse_bundle(text, "b", problems);
  REQUIRE(problems.empty());
  return to_json(bundle.root);
}

}  // namespace

TEST_CASE("a trunk with a bundle and no spec is handed over as it stands") {
  CharmStand stand;
  stand.service.units = {{"worker", 3}};
  stand.trunk.write("bundle.yaml",
                    "applications:\n  worker: {charm: ./charm, num_units: 1, options: {queue: "
                    "jobs}}\n  log: {charm: syslog, channel: stable}\n");
  REQUIRE_DONE(stand.deploy(false));
  REQUIRE(stand.claim.bundles.size() == 1);
  const auto& applications = stand.claim.bundles[0].bundle["applications"];
  CHECK(applications["worker"]["charm"].view() ==
        fs::canonical(stand.work("sources/trunk/charm")).string());
  CHECK(applications["worker"]["num_units"].as_int() == 3);
  CHECK(applications["worker"]["options"]["queue"].view() == "jobs");
  CHECK(applications["log"]["charm"].view() == "syslog");
  CHECK(stand.claim.bundles[0].env.at("AMQP_URL") == stand.env.at("AMQP_URL"));
  CHECK(stand.claim.started.empty());
}

TEST_CASE("a manifest's bundles go to the engine one by one, rendered, with their secrets") {
  CharmStand stand;
  stand.service.table = Json::object({{"mojo", Json::object({{"stage", "prod"}})}});
  stand.with_spec("bundle config=bundle.yaml local=overlay.yaml\nbundle config=more.yaml\n");
  stand.spec.write("prod/bundle.yaml",
                   "applications:\n  worker:\n    charm: ./charm\n    options: {stage: \"{{ stage "
                   "}}\", debug: yes}\n");
  stand.spec.write("prod/more.yaml",
                   "applications:\n  cache: {charm: ch:memcached, num_units: 2}\n");
  const auto secrets = stand.dir.path() / "home/mojo/LOCAL/thumbs/prod";
  fs::create_directories(secrets);
  REQUIRE_DONE(write_file_atomically(secrets / "overlay.yaml",
                                     "applications: {worker: {options: {token: hunter2hunter2}}}\n",
                                     0600));
  REQUIRE_DONE(stand.deploy());
  REQUIRE(stand.claim.bundles.size() == 2);
  const auto& worker = stand.claim.bundles[0].bundle["applications"]["worker"];
  CHECK(worker["options"]["stage"].view() == "prod");
  CHECK(worker["options"]["debug"].as_bool());
  CHECK(worker["options"]["token"].view() == "hunter2hunter2");
  CHECK(stand.claim.bundles[1].bundle["applications"]["cache"]["num_units"].as_int() == 2);
  for (const auto& line : stand.host.logged) CHECK_FALSE(line.contains("hunter2"));
}

TEST_CASE("what an engine of charms cannot run is refused before anything is handed over") {
  CharmStand stand;
  std::string why;
  SECTION("a Procfile") {
    stand.with_spec("deploy config=Procfile\n");
    why = "runs charms and no processes";
  }
  SECTION("a trunk without a bundle") { why = "has no bundle.yaml"; }
  SECTION("a charm that is not there") {
    stand.trunk.write("bundle.yaml", "applications: {worker: {charm: ./elsewhere}}\n");
    why = "there is no charm ./elsewhere";
  }
  SECTION("a charm outside") {
    stand.trunk.write("bundle.yaml", "applications: {worker: {charm: /etc}}\n");
    why = "leads out of what was checked out";
  }
  SECTION("units of an application that is not there") {
    stand.service.units = {{"workers", 1}};
    stand.trunk.write("bundle.yaml", "applications: {worker: {charm: ./charm}}\n");
    why = "units wants 1 of 'workers'";
  }
  const bool spec = fs::exists(stand.dir.path() / "spec.src/manifest");
  const auto done = stand.deploy(spec);
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::config);
  INFO(done.error().what);
  CHECK(done.error().what.contains(why));
  CHECK(stand.claim.bundles.empty());
}

TEST_CASE("an engine of processes does not see bundles as documents") {
  Stand stand;
  REQUIRE_DONE(stand.deploy(false));
  CHECK(stand.claim.bundles.empty());
  CHECK(stand.claim.started.size() == 1);
}

TEST_CASE("scalars without quotes have the type that juju's reader gives them") {
  const auto options = read(R"(applications:
  a:
    charm: x
    options: {t: yes, f: Off, n: ~, i: 42, neg: -7, zero: 0, octal: 010, real: 1.5, version: 1.10.2, quoted: "yes", word: yEs, big: 99999999999999999999, minus: "-"}
)")["applications"]["a"]["options"];
  CHECK(options["t"].as_bool());
  CHECK((options["f"].is_bool() && !options["f"].as_bool()));
  CHECK(options["n"].is_null());
  CHECK(options["i"].as_int() == 42);
  CHECK(options["neg"].as_int() == -7);
  CHECK((options["zero"].is_int() && options["zero"].as_int() == 0));
  CHECK(options["octal"].view() == "010");
  CHECK(options["real"].as_double() == 1.5);
  CHECK(options["version"].view() == "1.10.2");
  CHECK(options["quoted"].view() == "yes");
  CHECK(options["word"].view() == "yEs");
  CHECK(options["big"].is_number());
  CHECK(options["minus"].view() == "-");
}
