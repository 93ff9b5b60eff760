#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/juju/sets/removal.hpp"
#include "tests/support/juju_engine.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using test::JujuHome;
using test::must;
namespace fs = std::filesystem;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
Deadline soon() { return Deadline(std::chrono::seconds(90)); }

/// The words of every run of a command.
std::vector<std::string> lines_of(JujuHome& home, std::string_view command) {
  std::vector<std::string> out;
  for (const auto& argv : home.world.calls()) {
    std::string line;
    for (const auto& word : argv.items()) line += (line.empty() ? "" : " ") + word.as_string();
    if (line.starts_with("--no-alias " + std::string(command) + " ")) out.push_back(line);
  }
  return out;
}

bool any_has(const std::vector<std::string>& lines, std::string_view text) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.contains(text); });
}

/// What `body` does in a process that kills itself at a step.
void killed_at(const std::string& point, const std::function<void()>& body) {
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", point.c_str(), 1);
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  INFO(point);
  REQUIRE(WIFSIGNALED(status));  // else the step was never reached
  CHECK(WTERMSIG(status) == SIGKILL);
}

void try_deploy(JujuEngine& engine, bool fails) {
  const auto claim = engine.claim(k_set, test::some_sources(), now(), soon());
  if (!claim) return;
  (void)(*claim)->save_secret("rabbit", "hush");
  if (!(*claim)->clean(soon()) || !(*claim)->start_bundle(test::some_bundle(), soon())) return;
  if (!fails) return (void)(*claim)->finish();
  (void)(*claim)->halt(soon());
  (*claim)->abandon("its verify failed");
}

std::string state_of(JujuHome& home) {
  const auto sets = must(home.engine().list({}, soon()));
  return sets.empty() ? "absent" : sets.at(0).state;
}

}  // namespace

TEST_CASE("each step of the escalation has its time") {
  const JujuSettings settings;
  CHECK(escalation_at(Millis(0), settings) == Escalation::graceful);
  CHECK(escalation_at(std::chrono::minutes(5) - Millis(1), settings) == Escalation::graceful);
  CHECK(escalation_at(std::chrono::minutes(5), settings) == Escalation::force);
  CHECK(escalation_at(std::chrono::minutes(15), settings) == Escalation::no_wait);
  CHECK(escalation_at(std::chrono::minutes(30), settings) == Escalation::give_up);
}

TEST_CASE("a model that does not go is told with more and more force") {
  struct Row {
    int minutes;
    const char* stuck;
    const char* flags;
  };
  const auto row =
      GENERATE(values<Row>({{0, "no", "--release-storage -B"},
                            {6, "force", "--release-storage --force -B"},
                            {16, "no-wait", "--release-storage --force --no-wait -B"},
                            {40, "no-wait", "--release-storage --force --no-wait -B"}}));
  INFO(row.stuck);
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str(), row.stuck});
  const auto uuid = home.model_uuid(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  home.change_tags(k_set, "cdctl-reaping-since",
                   to_rfc3339(now() - std::chrono::minutes(row.minutes)));
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  const auto lines = lines_of(home, "destroy-model");
  REQUIRE(lines.size() == 1);
  CHECK(lines.front() == "--no-alias destroy-model attic:" + uuid + " --no-prompt " + row.flags);
  CHECK(home.world.control({"removed"}) == uuid);
}

TEST_CASE("no client that waits makes a step be left out") {
  JujuHome home;
  home.configure(k_set, R"({"force_after":"1s","no_wait_after":"2s","give_up_after":"80s"})");
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str(),
                      "no-wait"});  // juju waits for the model's end, far longer than a step lasts
  must(home.engine().stop(k_set, Millis(0), soon()));
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  const auto lines = lines_of(home, "destroy-model");
  CHECK(any_has(lines, "--release-storage --force -B"));
  CHECK(any_has(lines, "--release-storage --force --no-wait -B"));
}

TEST_CASE("a model that never goes is left to a person") {
  JujuHome home;
  home.configure(k_set, R"({"force_after":"1s","no_wait_after":"2s","give_up_after":"4s"})");
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str(), "ever"});
  must(home.engine().stop(k_set, Millis(0), soon()));
  const auto left = home.engine().destroy(k_set, soon());
  REQUIRE_FALSE(left);
  CHECK(left.error().exit == ExitCode::failed);
  CHECK(left.error().what.contains("--force --no-wait"));
  CHECK(must(home.engine().list({}, soon())).at(0).state == "reaping");
}

TEST_CASE("a reap that has no time left goes on at its next run") {
  JujuHome home;
  home.configure(k_set, R"({"force_after":"20s","no_wait_after":"80s","give_up_after":"100s"})");
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str(), "force"});
  must(home.engine().stop(k_set, Millis(0), soon()));
  const auto first = home.engine().destroy(k_set, Deadline(std::chrono::seconds(10)));
  REQUIRE_FALSE(first);
  CHECK(first.error().exit == ExitCode::timeout);
  CHECK(first.error().what.contains("reap it again"));
  CHECK(must(home.engine().list({}, soon())).at(0).state == "reaping");
  JujuHome::Other other(home, "elsewhere");  // the time of its begin is in the tags
  CHECK(must(other.engine().destroy(k_set, soon())).changed);
  CHECK(any_has(lines_of(home, "destroy-model"), "--force"));
}

TEST_CASE("a juju that ends well is no proof") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str(), "ever"});
  must(home.engine().stop(k_set, Millis(0), soon()));
  for (const auto* trouble : {"lost-wait", "shutdown", "hang@after", "signal", "dead@after"}) {
    INFO(trouble);
    home.world.control({"trouble", fmt::format("destroy-model={}", trouble)});
    const auto destroyed = home.engine().destroy(k_set, Deadline(std::chrono::seconds(6)));
    REQUIRE_FALSE(destroyed);
    INFO(destroyed.error().what);
    CHECK((destroyed.error().exit == ExitCode::timeout ||
           destroyed.error().exit == ExitCode::unknown));  // the last look may have been cut short
    CHECK(home.world.shown()["models"].members().size() == 1);
    CHECK(fs::exists(home.set_folder(k_set) / "reaping"));
  }
}

TEST_CASE("a list that is not complete is no proof") {
  JujuHome home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  home.world.control({"remove", k_set.str()});
  for (const auto* trouble : {"dropped-model", "empty-object", "half-json", "dead"}) {
    INFO(trouble);
    home.world.control(
        {"model",
         fmt::format("other{}", std::string(trouble).size())});  // there is one to be dropped
    home.world.control({"trouble", fmt::format("models={}", trouble)});
    const auto destroyed = home.engine().destroy(k_set, Deadline(std::chrono::seconds(4)));
    REQUIRE_FALSE(destroyed);
    CHECK(destroyed.error().exit == ExitCode::unknown);
    CHECK(fs::exists(home.set_folder(k_set) / "reaping"));
  }
  home.world.control({"trouble"});
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
}

TEST_CASE("a model that this user may not destroy stays, and so does that it is to be reaped") {
  JujuHome home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  home.world.juju(
      {"--no-alias", "disable-command", "destroy-model", "-m", "attic:" + home.model_uuid(k_set)});
  const auto refused = home.engine().destroy(k_set, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::refused);
  CHECK(must(home.engine().list({}, soon())).at(0).state == "reaping");
  home.world.control({"deny", k_set.str(), "on"});
  CHECK(home.engine().destroy(k_set, Deadline(std::chrono::seconds(5))).error().exit ==
        ExitCode::unknown);
  CHECK(home.world.shown()["models"].members().size() == 1);
}

TEST_CASE("storage is released, and destroyed only when that is asked for") {
  const auto destroy = GENERATE(false, true);
  JujuHome home;
  if (destroy) home.configure(k_set, R"({"storage":"destroy"})");
  home.deploy(k_set);
  home.world.control({"storage", k_set.str(), "lamp", "disk/0"});
  must(home.engine().stop(k_set, Millis(0), soon()));
  must(home.engine().destroy(k_set, soon()));
  CHECK(home.world.control({"released"}).contains("disk/0") != destroy);
  CHECK(home.world.control({"erased"}).contains("disk/0") == destroy);
}

TEST_CASE("somebody else's model that takes the name of a reaped one stays") {
  JujuHome home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  home.world.control({"remove", k_set.str()});
  home.world.control({"model", k_set.str()});
  CHECK(must(home.engine().destroy(k_set, soon())).changed);  // proven gone
  CHECK(home.world.shown()["models"].members().size() == 1);
  CHECK(lines_of(home, "destroy-model").empty() == false);
}

TEST_CASE("what a refused deploy has made and put nothing into may go at once") {
  JujuHome home;
  {
    const auto claim = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  }
  JujuHome::Other other(home, "elsewhere");
  CHECK(other.engine().destroy(k_set, soon()).error().exit == ExitCode::refused);
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  CHECK(must(home.engine().list({}, soon())).empty());
}

namespace {

void survives(const std::string& point) {
  INFO(point);
  JujuHome home;
  const bool fails = point == "juju.abandon.noted", done = point == "juju.finish.live";
  killed_at(point, [&] { try_deploy(home.engine(), fails); });
  for (const auto& set : must(home.engine().list({}, soon())))
    CHECK(set.state == (done ? "live" : "partial"));
  if (!done) home.deploy(k_set);
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
  CHECK(home.world.shown()["models"].members().size() == 1);
  CHECK(must(home.engine().describe(k_set, soon())).want == 2);
}

}  // namespace

TEST_CASE("a claim that is killed at any step is taken up") {
  survives(GENERATE("juju.claim.locked", "juju.claim.added", "juju.claim.claimed",
                    "juju.secret.saved", "juju.clean.emptied"));
}

TEST_CASE("a deploy that is killed at any step is taken up") {
  survives(
      GENERATE("juju.start.begun", "juju.start.handed", "juju.finish.live", "juju.abandon.noted"));
}

TEST_CASE("a take-over that is killed is taken up") {
  JujuHome home;
  killed_at("juju.claim.added", [&] { try_deploy(home.engine(), false); });
  killed_at("juju.claim.taken", [&] { try_deploy(home.engine(), false); });
  CHECK(must(home.engine().list({}, soon())).at(0).state == "partial");
  CHECK(must(home.engine().claim(k_set, test::some_sources(), now(), soon()))->found().state ==
        "partial");
}

namespace {

void reap_survives(const std::string& point) {
  INFO(point);
  JujuHome home;
  home.deploy(k_set);
  killed_at(point, [&] {
    (void)home.engine().stop(k_set, std::chrono::seconds(10), soon());
    (void)home.engine().destroy(k_set, soon());
  });
  for (const auto& set : must(home.engine().list({}, soon()))) CHECK(set.state == "reaping");
  must(home.engine().stop(k_set, std::chrono::seconds(10), soon()));
  must(home.engine().destroy(k_set, soon()));
  CHECK(must(home.engine().list({}, soon())).empty());
  CHECK(home.world.shown()["models"].members().empty());
  CHECK_FALSE(fs::exists(home.set_folder(k_set)));
}

}  // namespace

TEST_CASE("a stop that is killed at any step is taken up") {
  reap_survives(
      GENERATE("juju.stop.tagged", "juju.stop.marked", "juju.stop.told", "juju.stop.released"));
}

TEST_CASE("a removal that is killed at any step is taken up") {
  reap_survives(GENERATE("juju.destroy.push", "juju.destroy.pushed", "juju.destroy.gone",
                         "juju.destroy.forgotten"));
}

// ---------------------------------------------------------------- an application for each set

namespace {

/// A shared model with a stranger's application, and a service whose sets live there.
struct Shared {
  JujuHome home;
  Shared() {
    home.world.control({"model", "works"});
    home.world.control({"application", "works", "stranger"});
    home.configure(
        k_set,
        R"({"isolation":"application","model":"works","force_after":"2s","no_wait_after":"4s","give_up_after":"8s"})");
  }
  [[nodiscard]] std::vector<std::string> applications() {
    std::vector<std::string> out;
    const auto state = home.world.shown();
    for (const auto& [uuid, model] : state["models"].members())
      for (const auto& [name, body] : model["applications"].members()) out.push_back(name);
    return out;
  }
};

}  // namespace

TEST_CASE("sets as applications of one model are deployed and reaped beside others") {
  Shared shared;
  auto& home = shared.home;
  home.deploy(k_set);
  home.wait_for_units(k_set, 2);
  const auto listed = must(home.engine().list({}, soon()));
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].state == "live");
  CHECK(listed[0].want == 2);
  CHECK(must(home.engine().claim(k_set, test::some_sources(), now(), soon()))->found().state ==
        "live");
  CHECK(must(home.engine().stop(k_set, std::chrono::seconds(10), soon())).changed);
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  CHECK(must(home.engine().list({}, soon())).empty());
  CHECK(shared.applications() == std::vector<std::string>{"stranger"});
  CHECK(lines_of(home, "destroy-model").empty());
  CHECK_FALSE(fs::exists(home.set_folder(k_set)));
}

TEST_CASE("a shared model stays when the service's table says no more that it is one") {
  Shared shared;
  auto& home = shared.home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, Millis(0), soon()));
  home.configure(k_set, "{}");
  CHECK(must(home.engine().destroy(k_set, soon())).changed);
  CHECK(shared.applications() == std::vector<std::string>{"stranger"});
  CHECK(lines_of(home, "destroy-model").empty());
}

TEST_CASE(
    "an application that does not go is told with more and more force, then left to a person") {
  const auto [stuck, gone] =
      GENERATE(table<const char*, bool>({{"force", true}, {"no-wait", true}, {"ever", false}}));
  INFO(stuck);
  Shared shared;
  auto& home = shared.home;
  home.deploy(k_set);
  home.world.control({"stuck", "works/" + k_set.str(), stuck});
  must(home.engine().stop(k_set, Millis(0), soon()));
  const auto destroyed = home.engine().destroy(k_set, soon());
  CHECK(destroyed.has_value() == gone);
  if (!gone) CHECK(destroyed.error().exit == ExitCode::failed);
  CHECK(shared.applications().size() == (gone ? 1 : 2));
}

TEST_CASE("what a hand-over refused to touch is not removed by its halt") {
  Shared shared;
  auto& home = shared.home;
  const auto claim = must(home.engine().claim(k_set, test::some_sources(), now(), soon()));
  must(claim->clean(soon()));
  home.world.control({"application", "works", k_set.str(), "--charm", "rabbitmq-server"});
  CHECK(claim->start_bundle(test::some_bundle(), soon()).error().exit == ExitCode::refused);
  must(claim->halt(soon()));
  CHECK(lines_of(home, "remove-application").empty());
  CHECK(shared.applications().size() == 2);
}

TEST_CASE("a status that cannot be read is no proof") {
  Shared shared;
  auto& home = shared.home;
  home.deploy(k_set);
  must(home.engine().stop(k_set, std::chrono::seconds(5), soon()));
  home.world.control(
      {"trouble", GENERATE("status=dead", "status=empty-object", "status=half-json")});
  CHECK(home.engine().destroy(k_set, Deadline(std::chrono::seconds(3))).error().exit ==
        ExitCode::unknown);
  CHECK(home.engine().list({}, soon()).error().exit == ExitCode::unknown);
  CHECK(fs::exists(home.set_folder(k_set) / "reaping"));
}

TEST_CASE("a deploy of an application that is killed at any step is taken up") {
  const auto point = GENERATE("juju.claim.begun", "juju.claim.claimed", "juju.clean.emptied",
                              "juju.start.handed", "juju.finish.live");
  INFO(point);
  Shared shared;
  auto& home = shared.home;
  killed_at(point, [&] { try_deploy(home.engine(), false); });
  const bool done = std::string_view(point) == "juju.finish.live";
  CHECK(must(home.engine().list({}, soon())).at(0).state == (done ? "live" : "partial"));
  if (!done) home.deploy(k_set);
  CHECK(must(home.engine().list({}, soon())).at(0).state == "live");
  CHECK(shared.applications().size() == 2);
}

TEST_CASE("a long drain is begun, left, and ended by the next run") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str() + "/lamp", "ever"});
  const Grace grace{std::chrono::seconds(10), {{"lamp", std::chrono::hours(2)}}};
  const auto begun = must(home.engine().begin_stop(k_set, grace, soon()));
  CHECK(begun.step.changed);
  CHECK_FALSE(begun.done);
  CHECK(begun.left == 2);
  REQUIRE(begun.until);
  CHECK(*begun.until - now() > std::chrono::minutes(119));
  CHECK(*begun.until - now() <= std::chrono::hours(2));
  CHECK(lines_of(home, "remove-application").size() == 1);
  // Asked again at once it knows without Juju
  CHECK(must(home.engine().begin_stop(k_set, grace, soon())).left == 2);
  CHECK(home.world.calls().empty());
  CHECK(must(home.engine().list({}, soon())).at(0).state == "reaping");

  JujuHome::Other other(home, "elsewhere");
  const auto later = must(other.engine().begin_stop(k_set, grace, soon()));
  CHECK_FALSE(later.step.changed);
  CHECK_FALSE(later.done);
  CHECK(later.until == begun.until);
  CHECK(lines_of(home, "remove-application").empty());
  home.world.control({"stuck", k_set.str() + "/lamp", "no"});
  const auto deadline = soon();
  while (!must(other.engine().begin_stop(k_set, grace, deadline)).done) {
    REQUIRE_FALSE(deadline.passed());
    std::this_thread::sleep_for(Millis(50));
  }
  CHECK(must(other.engine().destroy(k_set, soon())).changed);
  CHECK(state_of(home) == "absent");
}

TEST_CASE("a shorter grace shortens a drain") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str() + "/lamp", "ever"});
  CHECK_FALSE(must(home.engine().begin_stop(k_set, {std::chrono::hours(2), {}}, soon())).done);
  CHECK(must(home.engine().begin_stop(k_set, {Millis(0), {}}, soon())).done);
}

TEST_CASE("a drain whose begin was killed is begun again") {
  const auto point = GENERATE("juju.stop.tagged", "juju.stop.marked", "juju.stop.told");
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"stuck", k_set.str() + "/lamp", "ever"});
  const Grace grace{std::chrono::hours(2), {}};
  killed_at(point, [&] { (void)home.engine().begin_stop(k_set, grace, soon()); });
  CHECK_FALSE(must(home.engine().begin_stop(k_set, grace, soon())).done);
  CHECK(lines_of(home, "remove-application").size() == 1);
}

TEST_CASE("a drain of an application in a shared model counts its own units alone") {
  JujuHome home;
  home.world.control({"model", "works"});
  home.world.control({"application", "works", "neighbour"});
  home.configure(k_set, R"({"isolation":"application","model":"works","application":"lamp"})");
  home.deploy(k_set);
  home.world.control({"stuck", "works/" + k_set.str(), "ever"});
  const Grace grace{std::chrono::seconds(10), {{"lamp", std::chrono::hours(2)}}};
  const auto begun = must(home.engine().begin_stop(k_set, grace, soon()));
  CHECK_FALSE(begun.done);
  CHECK(begun.left == 2);
  REQUIRE(begun.until);
  CHECK(*begun.until - now() > std::chrono::minutes(119));
}
