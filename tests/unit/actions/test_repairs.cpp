#include <catch2/catch.hpp>

#include "core/actions/repairs.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace std::chrono_literals;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T04:00:00Z");

/// A service whose sets are listed newest first, as a look gives them.
struct Stage {
  ServiceConfig config;
  fleet::ServiceView view;

  Stage() {
    config.name = "thumbs";
    view.config = &config;
  }
  fleet::SetView& set(char digit, Millis age, const std::string& state = "down") {
    fleet::SetView set;
    set.name = {"thumbs", "r" + std::string(10, digit)};
    set.service = &config;
    set.state = state;
    set.cut = false;
    set.deployed_at = k_now - age;
    set.newest = view.sets.empty();
    set.status.emplace();
    set.status->state = state;
    set.status->served = true;
    return view.sets.emplace_back(std::move(set));
  }
  [[nodiscard]] std::string fallen() const {
    std::string out;
    for (const auto* set : fallen_sets(view, k_now)) out += set->name.revision.back();
    return out;
  }
};

}  // namespace

TEST_CASE("what is down and uncut comes back, though the newest is cut") {
  Stage stage;
  stage.set('2', 2h).cut = true;
  stage.set('1', 3h);
  CHECK(stage.fallen() == "1");
}

TEST_CASE("the fallback comes first: the newest that is proven, or what served longest") {
  Stage stage;
  stage.set('4', 2h);
  stage.set('3', 30h);
  stage.set('2', 60h);
  CHECK(stage.fallen() == "342");
  stage.config.reaper.prove_for = 90h;
  CHECK(stage.fallen() == "243");
}

TEST_CASE("a mend begins the proof anew") {
  Stage stage;
  stage.set('2', 30h).mended_at = k_now - 1h;
  stage.set('1', 48h);
  CHECK(stage.fallen() == "12");
}

TEST_CASE("what nobody needs is left down") {
  Stage stage;
  stage.config.reaper.keep = 1;
  stage.set('3', 30h, "live");
  stage.set('2', 40h);
  CHECK(stage.fallen().empty());
  stage.view.sets.front().state = "down";  // as soon as that falls, too, both are wanted
  CHECK(stage.fallen() == "32");
}

TEST_CASE("unknown, another home's, and never finished sets are none that have fallen") {
  Stage stage;
  stage.set('5', 1h, "live");
  stage.set('4', 2h).cut.reset();
  stage.set('3', 3h).status.reset();
  stage.set('2', 3h, "partial").status->served = false;
  stage.set('1', 3h, "reaping");
  CHECK(stage.fallen().empty());
  auto& ghost = stage.view.sets[2];
  ghost.ghost = true;
  CHECK(stage.fallen().empty());  // nobody knows what it was made from
  ghost.memory.set = SetMemo{ghost.name, "local", "here", {}, *ghost.deployed_at, 1, {}, {}};
  CHECK(stage.fallen() == "3");
}
