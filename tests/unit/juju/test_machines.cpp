// What one machine may believe of a set that others work on, too.

#include <algorithm>
#include <csignal>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "tests/support/juju_engine.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using test::JujuHome;
using test::must;
namespace fs = std::filesystem;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
Deadline soon() { return Deadline(std::chrono::seconds(90)); }

/// A home whose sets are applications of the model `works`.
struct Shared {
  JujuHome home;
  Shared() {
    home.world.control({"model", "works"});
    home.configure(k_set, R"({"isolation":"application","model":"works"})");
  }
  [[nodiscard]] std::string tags() { return home.world.control({"tags", "works"}); }
};

void finish(JujuEngine& engine) {
  const auto claim = must(engine.claim(k_set, test::some_sources(), now(), soon()));
  must(claim->clean(soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  must(claim->finish());
}

void fail_deploy(JujuEngine& engine) {
  const auto claim = must(engine.claim(k_set, test::some_sources(), now(), soon()));
  must(claim->clean(soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  must(claim->halt(soon()));
  claim->abandon("its verify failed");
}

void reap(JujuEngine& engine) {
  must(engine.stop(k_set, std::chrono::seconds(10), soon()));
  must(engine.destroy(k_set, soon()));
}

std::string state(JujuEngine& engine) {
  const auto sets = must(engine.list({}, soon()));
  return sets.empty() ? "absent" : sets.at(0).state;
}

/// A deploy in a process of its own that is asked to stop once it has handed its bundle over. What
/// it does on its way out took this long.
Millis interrupted_deploy(JujuEngine& engine) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    Stop::install();
    auto claim = engine.claim(k_set, test::some_sources(), now(), soon());
    if (!claim || !(*claim)->clean(soon()) || !(*claim)->start_bundle(test::some_bundle(), soon()))
      ::_exit(9);
    (void)::kill(::getpid(), SIGINT);
    while (!Stop::requested()) {
    }
    const auto begun = std::chrono::steady_clock::now();
    (void)(*claim)->halt(soon());
    (*claim)->abandon("interrupted");
    const auto took =
        std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun).count();
    ::_exit(::write(ends[1], &took, sizeof took) == sizeof took ? 0 : 8);
  }
  ::close(ends[1]);
  std::int64_t took = -1;
  CHECK(::read(ends[0], &took, sizeof took) == sizeof took);
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return Millis(took);
}

}  // namespace

TEST_CASE("a deploy that another machine finished is live here, too") {
  Shared shared;
  JujuHome::Other other(shared.home, "elsewhere");
  fail_deploy(shared.home.engine());
  CHECK(state(shared.home.engine()) == "partial");
  CHECK(state(other.engine()) == "partial");
  finish(other.engine());
  CHECK(state(shared.home.engine()) == "live");
  CHECK(state(other.engine()) == "live");
  CHECK_FALSE(shared.tags().contains("cdctl-"));
}

TEST_CASE("a reap that another machine ended is not gone on with") {
  Shared shared;
  auto& here = shared.home.engine();
  JujuHome::Other other(shared.home, "elsewhere");
  finish(here);
  must(here.stop(k_set, Millis(0), soon()));
  CHECK(state(other.engine()) == "reaping");
  CHECK(other.engine().claim(k_set, test::some_sources(), now(), soon()).error().exit ==
        ExitCode::refused);
  must(other.engine().destroy(k_set, soon()));
  CHECK_FALSE(shared.tags().contains("cdctl-"));
  CHECK(state(here) == "absent");
  finish(other.engine());
  CHECK(state(here) == "live");
  CHECK(here.destroy(k_set, soon()).error().exit == ExitCode::refused);
  CHECK(state(other.engine()) == "live");
}

TEST_CASE("a lease on an application is respected until it runs out") {
  Shared shared;
  auto& here = shared.home.engine();
  JujuHome::Other other(shared.home, "elsewhere");
  const auto claim = must(
      other.engine().claim(k_set, test::some_sources(), now(), Deadline(std::chrono::seconds(30))));
  CHECK(state(here) == "deploying");
  CHECK(here.claim(k_set, test::some_sources(), now(), Deadline(Millis(4000))).error().exit ==
        ExitCode::timeout);
  CHECK(here.stop(k_set, Millis(0), soon()).error().exit == ExitCode::refused);
  claim->abandon("its verify failed");
  CHECK(state(here) == "partial");
  CHECK(must(here.claim(k_set, test::some_sources(), now(), soon()))->found().state == "partial");
  CHECK(claim->start_bundle(test::some_bundle(), soon()).error().exit == ExitCode::refused);
}

TEST_CASE("what is left of a reaped application's cut does not cut the next one of its name") {
  Shared shared;
  auto& here = shared.home.engine();
  finish(here);
  shared.home.world.juju({"model-config", "-m", "works",
                          "resource-tags=team=blue cdctl-cut-" + k_set.str() +
                              R"(=%7B%22e%22:%7B%22x%22:%7B%7D%7D%7D)"});
  SECTION("it goes with the reap") {
    reap(here);
    CHECK(shared.tags() == "team=blue");
  }
  SECTION("it goes when nothing else of the set is left") {
    shared.home.world.juju({"remove-application", k_set.str(), "-m", "works", "--no-prompt"});
    while (state(here) != "absent") {
    }
    must(here.destroy(k_set, soon()));
    CHECK(shared.tags() == "team=blue");
  }
  SECTION("it goes with the claim of a new one") {
    shared.home.world.juju({"remove-application", k_set.str(), "-m", "works", "--no-prompt"});
    while (state(here) != "absent") {
    }
    finish(here);
    CHECK(shared.tags() == "team=blue");
  }
}

TEST_CASE(
    "what another machine does to a set that this one has seen is seen by whoever asks Juju") {
  JujuHome home;
  auto& here = home.engine();
  JujuHome::Other other(home, "elsewhere");
  home.deploy(k_set);
  CHECK(state(here) == "live");
  home.world.control({"stuck", k_set.str() + "/lamp", "ever"});
  must(other.engine().stop(k_set, Millis(0), soon()));
  CHECK(here.claim(k_set, test::some_sources(), now(), soon()).error().exit == ExitCode::refused);
  CHECK(must(here.describe(k_set, soon())).state == "reaping");
  CHECK(state(here) == "reaping");  // and from then on by ls
}

TEST_CASE("only what never changes is remembered of a set") {
  JujuHome home;
  home.deploy(k_set);
  CHECK(state(home.engine()) == "live");
  const auto seen = Json::parse(*must(read_file_if_there(home.controller_folder() / "seen" /
                                                         (home.model_uuid(k_set) + ".json"))))
                        .value()["tags"];
  for (const auto& [key, value] : seen.members()) {
    INFO(key);
    CHECK((key == "cdctl-set" || key == "cdctl-state" || key == "cdctl-deployed-at" ||
           key == "cdctl-served" || key.starts_with("cdctl-source-") ||
           key.starts_with("cdctl-number-")));
  }
  CHECK(seen["cdctl-set"].view() == k_set.str());
}

TEST_CASE("an interrupted deploy gives its lease back and takes its applications out of work") {
  SECTION("of a model of its own") {
    JujuHome home;
    CHECK(interrupted_deploy(home.engine()) < std::chrono::seconds(9));
    JujuHome::Other other(home, "elsewhere");
    CHECK(state(other.engine()) == "partial");
    CHECK(must(other.engine().claim(k_set, test::some_sources(), now(), soon()))->found().state ==
          "partial");
  }
  SECTION("of a shared model") {
    Shared shared;
    CHECK(interrupted_deploy(shared.home.engine()) < std::chrono::seconds(9));
    JujuHome::Other other(shared.home, "elsewhere");
    CHECK(state(other.engine()) == "partial");
  }
}

TEST_CASE("an interrupted deploy does not wait for a controller that hangs") {
  JujuHome home;
  home.world.control({"trouble", "remove-application=hang"});
  CHECK(interrupted_deploy(home.engine()) <
        std::chrono::seconds(12));  // 5 s, and what a child has from TERM to KILL
}

TEST_CASE("a cut without admin on the set's model is refused before anything is cut") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"access", k_set.str(), "read"});
  CHECK(home.engine().cut(k_set, soon()));  // an administrator of the controller
  home.world.control({"set", "superuser", "false"});
  const auto cut = home.engine().cut(k_set, soon());
  REQUIRE_FALSE(cut);
  CHECK(cut.error().exit == ExitCode::refused);
  CHECK(cut.error().what.contains("juju grant USER admin admin/" + k_set.str()));
}

TEST_CASE("what may not be removed is said before the first application goes") {
  const auto* what = GENERATE("destroy-model", "remove-object", "all");
  INFO(what);
  JujuHome home;
  home.deploy(k_set);
  home.wait_for_units(k_set, 2);
  home.world.juju({"disable-command", what, "ask ann first", "-m", k_set.str()});
  const auto stopped = home.engine().stop(k_set, Millis(0), soon());
  REQUIRE_FALSE(stopped);
  INFO(stopped.error().what);
  CHECK(stopped.error().exit == ExitCode::refused);
  CHECK(stopped.error().what.contains("ask ann first"));
  CHECK(stopped.error().what.contains(std::string("juju enable-command ") + what));
  CHECK(must(home.engine().describe(k_set, soon())).state == "live");
  CHECK(must(home.engine().describe(k_set, soon())).up == 2);
  home.world.juju({"enable-command", what, "-m", k_set.str()});
  reap(home.engine());
  CHECK(state(home.engine()) == "absent");
}

TEST_CASE("a shared model that may not be destroyed still lets a set go") {
  Shared shared;
  finish(shared.home.engine());
  shared.home.world.juju({"disable-command", "destroy-model", "-m", "works"});
  reap(shared.home.engine());
  CHECK(state(shared.home.engine()) == "absent");
}

TEST_CASE(
    "a client that knows no disabled commands is no refusal, a controller that is gone is no "
    "answer") {
  JujuHome home;
  home.deploy(k_set);
  home.world.control({"trouble", "disabled-commands=dead"});
  CHECK(home.engine().stop(k_set, Millis(0), soon()).error().exit == ExitCode::unknown);
  CHECK(state(home.engine()) == "live");
  home.world.control({"trouble", "disabled-commands=denied"});
  must(home.engine().stop(k_set, Millis(0), soon()));
}

TEST_CASE("a deploy that may not keep its set takes away what it made of it") {
  JujuHome home;
  auto& here = home.engine();
  auto claim = must(here.claim(k_set, test::some_sources(), now(), soon()));
  must(claim->save_secret("rabbit", "hush"));
  SECTION("before anything was handed over") {}
  SECTION("and what was handed over") {
    must(claim->clean(soon()));
    must(claim->start_bundle(test::some_bundle(), soon()));
  }
  CHECK(must(claim->discard(soon())));
  claim.reset();
  CHECK(home.world.shown()["models"].members().empty());
  CHECK(state(here) == "absent");
  CHECK_FALSE(fs::exists(home.set_folder(k_set)));
  finish(here);
  CHECK(state(here) == "live");
}

TEST_CASE("a deploy that may not keep its set takes away nothing of another's") {
  JujuHome home;
  auto& here = home.engine();
  const auto claim = must(here.claim(k_set, test::some_sources(), now(), soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  SECTION("which deploys it now") { home.change_tags(k_set, "cdctl-claim", "feedfacefeedface"); }
  SECTION("which has finished it") {
    home.change_tags(k_set, "cdctl-claim", "");
    home.change_tags(k_set, "cdctl-state", "live");
  }
  SECTION("in a model that was made anew") {
    home.world.control({"remove", k_set.str()});
    JujuHome::Other other(home, "elsewhere");
    finish(other.engine());
  }
  const auto gone = claim->discard(soon());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().exit == ExitCode::refused);
  CHECK(home.world.shown()["models"].members().size() == 1);
  CHECK_FALSE(home.world.control({"removed"}).contains(home.model_uuid(k_set)));
  for (const auto& ran : home.world.ran()) {
    CHECK(ran != "remove-application");
    CHECK(ran != "destroy-model");
  }
}

TEST_CASE("a deploy that may not keep its application leaves the shared model as it was") {
  Shared shared;
  shared.home.world.control({"application", "works", "neighbour"});
  auto& here = shared.home.engine();
  auto claim = must(here.claim(k_set, test::some_sources(), now(), soon()));
  must(claim->start_bundle(test::some_bundle(), soon()));
  CHECK(must(claim->discard(soon())));
  claim.reset();
  CHECK(state(here) == "absent");
  CHECK_FALSE(shared.tags().contains("cdctl-"));
  CHECK(shared.home.world.control({"units", "works"}).contains("neighbour/0"));
}

TEST_CASE("a removal that was killed is gone on with") {
  const auto point = GENERATE("juju.stop.tagged", "juju.stop.told", "juju.destroy.gone");
  JujuHome home;
  auto& here = home.engine();
  REQUIRE(test::killed_at(point, [&] {
    const auto claim = here.claim(k_set, test::some_sources(), now(), soon());
    if (claim && (*claim)->start_bundle(test::some_bundle(), soon()))
      (void)(*claim)->discard(soon());
  }));
  must(here.stop(k_set, Millis(0), soon()));
  must(here.destroy(k_set, soon()));
  CHECK(state(here) == "absent");
  CHECK_FALSE(fs::exists(home.set_folder(k_set)));
}
