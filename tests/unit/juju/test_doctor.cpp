#include <algorithm>

#include <catch2/catch.hpp>

#include "plugins/juju/engine/doctor.hpp"
#include "tests/support/juju_world.hpp"

using namespace cdctl;
using namespace cdctl::juju;
namespace fs = std::filesystem;

namespace {

using State = Check::State;

Json parsed(const std::string& text) { return Json::parse(text).value(); }

struct Office : test::JujuWorld {
  explicit Office(const std::string& version = "3.6")
      : JujuWorld(version), host(folder() / "home") {
    host.config_value.file = folder() / "cdctl.toml";
    host.config_value.table = Json::object(
        {{"juju",
          Json::object({{"controller", "attic"}, {"data", (folder() / "data").string()}})}});
    service(R"({})");
  }
  void service(const std::string& table) {
    ServiceConfig one;
    one.name = "thumbs";
    one.engine = "juju";
    one.table = Json::object({{"juju", parsed(table)}});
    host.config_value.services = {one};
  }
  std::vector<Check> examine(Millis time = std::chrono::seconds(30)) {
    return JujuDoctor(host).examine(Deadline(time));
  }
  test::TestHost host;
};

const Check* find(const std::vector<Check>& checks, std::string_view what) {
  const auto at = std::ranges::find(checks, what, &Check::what);
  return at == checks.end() ? nullptr : &*at;
}

std::string all(const std::vector<Check>& checks) {
  std::string out;
  for (const auto& one : checks)
    out += one.what + "/" + std::to_string(static_cast<int>(one.state)) + "/" + one.found + "/" +
           one.cure + "\n";
  return out;
}

}  // namespace

TEST_CASE("which client can ask which controller") {
  CHECK(versions_fit({3, 6}, {2, 9}));
  CHECK(versions_fit({3, 6}, {4, 0}));
  CHECK(versions_fit({2, 9}, {3, 6}));
  CHECK(versions_fit({4, 0}, {3, 6}));
  CHECK(versions_fit({4, 1}, {4, 0}));
  CHECK_FALSE(versions_fit({4, 0}, {3, 5}));
  CHECK_FALSE(versions_fit({2, 9}, {4, 0}));
  CHECK_FALSE(versions_fit({3, 5}, {4, 0}));
}

TEST_CASE("the controller that is meant, who asks it, and as what") {
  const auto controllers = parsed(
      R"({"controllers":{"attic":{"user":"ann","access":"login","agent-version":"4.0.6"},"barn":{"agent-version":"3.6.5"}},"current-controller":"attic"})");
  auto checks = check_controller(controllers, "", {3, 6}, true);
  REQUIRE(checks.size() == 3);
  CHECK(checks[0].state == State::ok);
  CHECK(checks[0].found == "attic 4.0.6");
  CHECK(checks[1].found == "ann, login");
  CHECK(checks[2].state == State::warning);
  CHECK(checks[2].cure.contains("grant-cloud ann add-model"));
  CHECK(check_controller(controllers, "", {3, 6}, false).size() == 2);
  CHECK(check_controller(controllers, "", {3, 5}, false)[0].state == State::warning);
  checks = check_controller(controllers, "barn", {3, 6}, true);
  REQUIRE(checks.size() == 2);
  CHECK(checks[1].state == State::bad);
  CHECK(checks[1].cure == "juju login -c barn");
  CHECK(check_controller(controllers, "shed", {3, 6}, true)[0].state == State::bad);
  CHECK(check_controller(parsed("{}"), "", {3, 6}, true)[0].state == State::bad);
}

TEST_CASE("nobody wants Juju: nothing is checked") {
  Office office;
  office.host.config_value.table = Json::object();
  office.host.config_value.services.clear();
  CHECK(office.examine().empty());
  CHECK(office.calls().empty());
}

TEST_CASE("a controller that is well") {
  const auto* version = GENERATE("2.9", "3.6", "4.0");
  Office office(version);
  const auto broker = office.control({"broker"});
  const auto model = office.control({"model", "thumbs-r5f0c1e9a2b"});
  office.control({"application", "thumbs-r5f0c1e9a2b", "lamp", "--charm", "lamp"});
  office.juju({"consume", "admin/queues.rabbit", "-m", "attic:" + model});
  office.juju({"relate", "lamp:amqp", "rabbit:amqp", "-m", "attic:" + model});
  const auto checks = office.examine();
  INFO(all(checks));
  for (const auto* what : {"juju client", "juju data", "juju controller", "juju login",
                           "juju answers", "juju relations of thumbs"}) {
    INFO(what);
    REQUIRE(find(checks, what));
    CHECK(find(checks, what)->state == State::ok);
  }
  CHECK(find(checks, "juju client")->found.starts_with(version));
  office.control({"deny", "queues", "on"});
  const auto denied = office.examine();
  INFO(all(denied));
  CHECK(find(denied, "juju relations of thumbs")->state == State::unknown);
  CHECK_FALSE(find(denied, "juju relations of thumbs")->cure.empty());
}

TEST_CASE("what is wrong is said with its cure") {
  Office office;
  SECTION("a dead controller") {
    office.control({"dead", "on"});
    const auto checks = office.examine();
    INFO(all(checks));
    REQUIRE(find(checks, "juju answers"));
    CHECK(find(checks, "juju answers")->state == State::unknown);
    CHECK(find(checks, "juju answers")->cure.contains("controller is up"));
  }
  SECTION("no data") {
    fs::remove(office.folder() / "data/controllers.yaml");
    const auto checks = office.examine();
    CHECK(find(checks, "juju data")->state == State::bad);
    CHECK_FALSE(find(checks, "juju answers"));
  }
  SECTION("a table that is wrong") {
    office.service(R"({"isolation":"sometimes"})");
    CHECK(find(office.examine(), "juju service thumbs")->state == State::bad);
  }
  SECTION("a shared model that is not there, or is not ours to write") {
    office.service(R"({"isolation":"application","model":"workers"})");
    CHECK(find(office.examine(), "juju model of thumbs")->state == State::bad);
    office.control({"model", "workers", "--access", "read"});
    const auto checks = office.examine();
    INFO(all(checks));
    CHECK(find(checks, "juju model of thumbs")->state == State::bad);
    CHECK(find(checks, "juju model of thumbs")->cure == "juju grant USER admin admin/workers");
  }
  SECTION("a client that is not there") {
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", "/nonexistent", 1);
    const auto checks = office.examine();
    ::setenv("PATH", path.c_str(), 1);
    REQUIRE(checks.size() == 1);
    CHECK(checks[0].state == State::bad);
    CHECK(checks[0].cure == "snap install juju");
  }
}

TEST_CASE("a controller that hangs costs five seconds a question") {
  Office office;
  office.control({"trouble", "models=hang"});
  const auto begun = std::chrono::steady_clock::now();
  const auto checks = office.examine();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
  CHECK(find(checks, "juju answers")->state == State::unknown);
}
