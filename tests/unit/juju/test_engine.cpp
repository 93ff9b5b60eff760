#include <algorithm>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "tests/support/juju_engine.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using test::JujuHome;
using test::must;
namespace fs = std::filesystem;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
const SetName k_next{"thumbs", "r00000000aa"};
Deadline soon() { return Deadline(std::chrono::seconds(60)); }

std::int64_t count(const std::vector<std::string>& ran, std::string_view word) {
  return std::ranges::count(ran, word);
}

}  // namespace

TEST_CASE("a set is claimed, handed over, finished, described, stopped and destroyed") {
  const auto version = GENERATE("2.9", "3.6", "4.0");
  INFO(version);
  JujuHome home(version);
  CHECK(home.engine().home() == "juju:0c0ffee0-0000-4000-8000-000000000001");
  CHECK(must(home.engine().list({}, soon())).empty());
  CHECK(must(home.engine().describe(k_set, soon())).state == "absent");
  const auto begun = *parse_rfc3339("2026-11-23T04:11:30.120Z");
  {
    const auto claim = must(home.engine().claim(k_set, test::some_sources(), begun, soon()));
    CHECK(claim->found().state == "absent");
    CHECK(claim->takes_bundles());
    CHECK(must(home.engine().list("thumbs", soon())).at(0).state == "deploying");
    CHECK(claim->start({}, soon()).error().exit == ExitCode::config);
    must(claim->clean(soon()));
    CHECK(fs::is_empty(claim->workspace()));
    must(claim->start_bundle(test::some_bundle(), soon()));
    must(claim->finish());
  }
  const auto listed = must(home.engine().list({}, soon()));
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].name == k_set);
  CHECK(listed[0].state == "live");
  CHECK(listed[0].served);
  CHECK(listed[0].deployed_at == begun);
  CHECK(listed[0].sources == test::some_sources());
  CHECK_FALSE(listed[0].want);
  CHECK_FALSE(listed[0].up);
  home.wait_for_units(k_set, 2);
  const auto described = must(home.engine().describe(k_set, soon()));
  CHECK(described.state == "live");
  CHECK(described.want == 2);
  CHECK(described.detail["units"].items().size() == 2);
  const auto model = described.detail["model_uuid"].as_string();

  CHECK(home.engine().destroy(k_set, soon()).error().exit == ExitCode::refused);
  CHECK(must(home.engine().stop(k_set, std::chrono::seconds(20), soon())).changed);
  CHECK(must(home.engine().list({}, soon())).at(0).state == "reaping");
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  CHECK(must(home.engine().list({}, soon())).empty());
  CHECK(home.world.control({"removed"}).contains(model));
  CHECK_FALSE(fs::exists(home.set_folder(k_set)));
  CHECK_FALSE(must(home.engine().stop(k_set, Millis(0), soon())).changed);
  CHECK_FALSE(must(home.engine().destroy(k_set, soon())).changed);
}

TEST_CASE("the models of others are never ours") {
  JujuHome home;
  const auto uuid = home.world.control({"model", k_set.str()});
  home.world.control({"model", "queues"});
  CHECK(must(home.engine().list({}, soon())).empty());
  const auto claim = home.engine().claim(k_set, test::some_sources(), now(), soon());
  REQUIRE_FALSE(claim);
  CHECK(claim.error().exit == ExitCode::refused);
  CHECK(claim.error().what.contains(uuid));
  CHECK_FALSE(must(home.engine().stop(k_set, Millis(0), soon())).changed);
  CHECK_FALSE(must(home.engine().destroy(k_set, soon())).changed);
  CHECK(home.world.shown()["models"].members().size() == 2);
  CHECK(count(home.world.ran(), "destroy-model") == 0);
}

TEST_CASE("200 sets cost one list, and a look into each that was not seen before") {
  JujuHome home;
  home.world.control({"models", "thumbs", "200"});
  home.world.control({"model", "thumbs-r00000000ff"});
  (void)home.world.ran();
  CHECK(must(home.engine().list({}, Deadline(std::chrono::minutes(5)))).size() == 200);
  auto ran = home.world.ran();
  CHECK(count(ran, "models") == 1);
  CHECK(count(ran, "model-config") == 201);
  CHECK(ran.size() == 202);
  CHECK(must(home.engine().list("thumbs", soon())).size() == 200);
  CHECK(home.world.ran() == std::vector<std::string>{"models"});
  CHECK(must(home.engine().list("other", soon())).empty());
}

TEST_CASE("sets that are not complete are asked again each time") {
  JujuHome home;
  home.world.control({"model", k_set.str(), "--config",
                      "resource-tags=cdctl-set=" + k_set.str() + " cdctl-state=partial"});
  CHECK(must(home.engine().list({}, soon())).at(0).state == "partial");
  (void)home.world.ran();
  CHECK(must(home.engine().list({}, soon())).at(0).state == "partial");
  CHECK(count(home.world.ran(), "model-config") == 1);
}

TEST_CASE("an answer that is not complete is none") {
  JujuHome home;
  home.deploy(k_set);
  for (const auto* trouble :
       {"dropped-model", "empty-object", "half-json", "dead", "signal", "logged-out"}) {
    home.world.control({"trouble", fmt::format("models={}", trouble)});
    for (const auto& error :
         {home.engine().list({}, soon()).error(), home.engine().describe(k_set, soon()).error(),
          home.engine().stop(k_set, Millis(0), soon()).error(),
          home.engine().destroy(k_set, soon()).error(),
          home.engine().claim(k_next, test::some_sources(), now(), soon()).error()}) {
      INFO(trouble << ": " << error.what);
      CHECK(error.exit == ExitCode::unknown);
      CHECK_FALSE(error.what.contains('\n'));
    }
  }
  for (const auto* trouble : {"lock", "shutdown"}) {
    home.world.control({"trouble", fmt::format("models={}", trouble)});
    CHECK(home.engine().list({}, soon()).error().exit == ExitCode::unknown);
  }
  home.world.control({"trouble"});
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
  CHECK(home.world.shown()["models"].members().size() == 1);
}

TEST_CASE("a call ends with its deadline") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"trouble", "hang"});
  const auto begun = std::chrono::steady_clock::now();
  CHECK(home.engine().list({}, Deadline(Millis(1500))).error().exit == ExitCode::unknown);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(8));
}

TEST_CASE("what another user saw is not gone") {
  JujuHome home;
  home.deploy(k_set);
  CHECK(must(home.engine().list({}, soon())).size() == 1);
  home.log_in("bob");
  home.world.control({"deny", k_set.str(), "off"});
  auto state = home.world.shown();
  home.world.control({"remove", k_set.str()});
  const auto listed = home.engine().list({}, soon());
  REQUIRE_FALSE(listed);
  CHECK(listed.error().exit == ExitCode::unknown);
  CHECK(listed.error().what.contains("admin"));
  CHECK(home.engine().destroy(k_set, soon()).error().exit == ExitCode::unknown);
  home.log_in("admin");
  CHECK(must(home.engine().list({}, soon())).empty());
}

TEST_CASE("every agent lost is no set that is down") {
  JujuHome home;
  home.deploy(k_set);
  home.wait_for_units(k_set, 2);
  home.world.control({"lost", "on"});
  const auto lost = must(home.engine().describe(k_set, soon()));
  CHECK(lost.state == "live");
  CHECK(lost.want == 2);
  CHECK_FALSE(lost.up);
  home.world.control({"lost", "off"});
  for (const auto* unit : {"lamp/0", "lamp/1"})
    home.world.control({"say", k_set.str(), unit, "error", "hook failed"});
  const auto down = must(home.engine().describe(k_set, soon()));
  CHECK(down.state == "down");
  CHECK(down.up == 0);
  CHECK(must(home.engine().claim(k_set, test::some_sources(), now(), soon()))->found().state ==
        "down");
}

TEST_CASE("a status that cannot be read is no answer") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"trouble", GENERATE("status=dead", "status=empty-object", "status=shutdown",
                                          "status=half-json")});
  CHECK(home.engine().describe(k_set, soon()).error().exit == ExitCode::unknown);
  CHECK(home.engine().claim(k_set, test::some_sources(), now(), soon()).error().exit ==
        ExitCode::unknown);
}

TEST_CASE("two deployers at once make one set") {
  JujuHome home;
  constexpr int k_deployers = 3;
  std::vector<pid_t> children;
  for (int i = 0; i < k_deployers; ++i) {
    const auto pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      JujuHome::Other other(
          home, i == 0 ? "" : fmt::format("machine{}", i));  // the first shares this machine
      auto claim = other.engine().claim(k_set, test::some_sources(), now(), soon());
      if (!claim) ::_exit(9);
      if ((*claim)->found().state == "live") ::_exit(7);
      if (!(*claim)->clean(soon()) || !(*claim)->start_bundle(test::some_bundle(), soon()) ||
          !(*claim)->finish())
        ::_exit(8);
      ::_exit(5);
    }
    children.push_back(pid);
  }
  std::vector<int> ends;
  for (const auto pid : children) {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    ends.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  }
  std::ranges::sort(ends);
  CHECK(ends == std::vector{5, 7, 7});
  CHECK(home.world.shown()["models"].members().size() == 1);
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
}

TEST_CASE("a deploy that failed is partial, counted, and taken up by any machine") {
  JujuHome home;
  {
    const auto claim = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
    must(claim->save_secret("rabbit", "hush"));
    must(claim->clean(soon()));
    must(claim->start_bundle(test::some_bundle(), soon()));
    must(claim->halt(soon()));
    claim->abandon("its verify failed");
  }
  const auto failed = must(home.engine().list({}, soon())).at(0);
  CHECK(failed.state == "partial");
  CHECK(failed.attempts == 1);
  CHECK(failed.retry_at);
  CHECK_FALSE(failed.served);
  JujuHome::Other other(home, "elsewhere");
  CHECK(must(other.engine().list({}, soon())).at(0).state == "partial");
  const auto claim = must(other.engine().claim(k_set, test::some_sources(), now(), soon()));
  CHECK(claim->found().state == "partial");
  must(claim->clean(soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  must(claim->finish());
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
  const auto again = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  CHECK(again->found().state == "live");
  CHECK(must(again->load_secret("rabbit")) == "hush");
  CHECK_FALSE(again->load_secret("../x"));
}

TEST_CASE("a lease is respected until it runs out") {
  JujuHome home;
  JujuHome::Other other(home, "elsewhere");
  const auto claim = must(other.engine().claim(k_set, test::some_sources(), now(), soon()));
  CHECK(must(home.engine().list({}, soon())).at(0).state == "deploying");
  const auto waited =
      home.engine().claim(k_set, test::some_sources(), now(), Deadline(Millis(3000)));
  REQUIRE_FALSE(waited);
  CHECK(waited.error().exit == ExitCode::timeout);
  CHECK(home.engine().stop(k_set, Millis(0), soon()).error().exit == ExitCode::refused);
  home.change_tags(k_set, "cdctl-until", to_rfc3339(now() - std::chrono::minutes(2)));
  CHECK(must(home.engine().list({}, soon())).at(0).state == "partial");
  const auto taken = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  CHECK(taken->found().state == "partial");
  CHECK(claim->finish().error().exit == ExitCode::refused);  // it was too late
  CHECK(claim->start_bundle(test::some_bundle(), soon()).error().exit == ExitCode::refused);
  must(taken->clean(soon()));
}

TEST_CASE("a model that was made while the connection was lost is ours") {
  const auto trouble =
      GENERATE("add-model=shutdown@after*1", "add-model=signal@after*1", "add-model=shutdown*1",
               "add-model=lock*1", "add-model=dead@after*1");
  INFO(trouble);
  JujuHome home;
  home.world.control({"trouble", trouble});
  const auto claim = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  CHECK(claim->found().state == "absent");
  CHECK(home.world.shown()["models"].members().size() == 1);
}

TEST_CASE("a finish whose connection is lost is done, or says that it is not") {
  JujuHome home;
  const auto claim = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  must(claim->clean(soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  home.world.control({"trouble", "model-config=shutdown"});
  CHECK(claim->finish().error().exit == ExitCode::unknown);
  home.world.control({"trouble"});
  CHECK(must(home.engine().list({}, soon())).at(0).state == "deploying");
  must(claim->finish());
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
}

TEST_CASE("a set that is being reaped is not deployed into") {
  JujuHome home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  CHECK(home.engine().claim(k_set, test::some_sources(), now(), soon()).error().exit ==
        ExitCode::refused);
}
