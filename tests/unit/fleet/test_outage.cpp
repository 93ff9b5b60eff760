#include <catch2/catch.hpp>

#include "core/fleet/outage.hpp"

using namespace cdctl;
using namespace cdctl::fleet;
using namespace std::chrono_literals;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T04:00:00Z");

struct Stage {
  ServiceConfig config;
  ServiceView view;

  Stage() {
    config.name = "thumbs";
    view.config = &config;
  }
  SetView& set(char digit, const std::string& state, std::optional<std::int64_t> up) {
    SetView set;
    set.name = {"thumbs", "r" + std::string(10, digit)};
    set.service = &config;
    set.state = state;
    set.cut = false;
    set.status.emplace();
    set.status->state = state;
    set.status->up = up;
    set.status->served = true;
    return view.sets.emplace_back(std::move(set));
  }
  [[nodiscard]] std::string outage() const { return outage_of(view); }
};

}  // namespace

TEST_CASE("a service is out when no uncut set has a unit up") {
  Stage stage;
  stage.set('3', "live", 2).cut = true;
  stage.set('2', "down", 0);
  stage.set('1', "down", 0);
  CHECK(stage.outage() == "no unit works: 1 set is cut, 2 are down");
  stage.view.sets.back().state = "live";
  stage.view.sets.back().status->up = 1;
  CHECK(stage.outage().empty());
}

TEST_CASE("units that run and cannot work are none") {
  Stage stage;
  stage.set('2', "live", 1).locked_out = true;
  auto& half = stage.set('1', "live", 1);
  half.memory.cut_memo = CutMemo{false, "alice", "bad", k_now, {}, k_now};
  half.memory.cut_memo->stopped_in = "here";
  CHECK(stage.outage() == "no unit works: 1 set is locked out, 1 is stopped");
  half.memory.cut_memo->stopped_in.clear();
  CHECK(stage.outage().empty());
}

TEST_CASE("nothing is said where it cannot be said") {
  Stage stage;
  auto& set = stage.set('1', "down", 0);
  set.cut.reset();
  CHECK(stage.outage().empty());
  set.cut = false;
  CHECK_FALSE(stage.outage().empty());
  set.status.reset();  // of another home
  CHECK(stage.outage().empty());
  set.ghost = true;  // of this one, which has lost it
  CHECK_FALSE(stage.outage().empty());
  stage.view.error = Error{ExitCode::unknown, "no answer"};
  CHECK(stage.outage().empty());
}

TEST_CASE("an engine that lists no units says by the state whether there are any") {
  Stage stage;
  auto& set = stage.set('1', "live", std::nullopt);
  CHECK(stage.outage().empty());
  set.state = "down";
  CHECK_FALSE(stage.outage().empty());
}

TEST_CASE("a first deploy is no outage, one that failed is") {
  Stage stage;
  auto& set = stage.set('1', "deploying", 0);
  set.status->served = false;
  CHECK(stage.outage().empty());
  set.state = "partial";
  CHECK(stage.outage() == "no unit works: 1 set is partial");
  set.state = "deploying";
  stage.set('0', "down", 0);
  CHECK(stage.outage() == "no unit works: 1 set is deploying, 1 is down");
}

TEST_CASE("where all sets are gone nobody works, unless the service is at its end or never was") {
  Stage stage;
  CHECK(stage.outage().empty());
  CHECK_FALSE(newest_name(stage.view));
  const SetName gone{"thumbs", "r0123456789"};
  stage.view.gone[gone.str()].set = SetMemo{gone, "local", "here", {}, k_now, 1, k_now, {}};
  CHECK(stage.outage() == "no set is out there");
  CHECK(newest_name(stage.view) == gone);
  stage.view.hold = Hold{"alice", "it is being retired", k_now, {}, true};
  CHECK(stage.outage().empty());
}
