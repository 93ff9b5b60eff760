#include <catch2/catch.hpp>

#include "core/fleet/offers.hpp"

using namespace cdctl;
using namespace cdctl::fleet;
using namespace std::chrono_literals;

namespace {

const Time k_now = *parse_rfc3339("2026-11-23T04:00:00Z");

Sources sources_of(const std::string& trunk, const std::string& spec = "s1") {
  return {{"trunk", {"git", "u", trunk, {}}},
          {"spec", {"git", "u", spec, {}}},
          {"service", {"file", "", "shape", {}}}};
}

/// One service, and what is out there of it.
struct Stage {
  ServiceConfig config;
  ServiceView view;
  OfferOptions options;

  Stage() {
    config.name = "thumbs";
    view.config = &config;
  }
  SetView& set(const Sources& sources, Millis age, const std::string& state = "live") {
    SetView set;
    set.name = {"thumbs", revision_id(sources)};
    set.service = &config;
    set.state = state;
    set.cut = false;
    set.deployed_at = k_now - age;
    set.status.emplace();
    set.status->name = set.name;
    set.status->state = state;
    set.memory.set = SetMemo{set.name, "local", "here", sources, k_now - age, 1, {}, {}};
    return view.sets.emplace_back(std::move(set));
  }
  MemoryEntry& tombstone(const Sources& sources, Millis age) {
    const SetName name{"thumbs", revision_id(sources)};
    auto& entry = view.gone[name.str()];
    entry.set = SetMemo{name, "local", "here", sources, k_now - age, 1, k_now, {}};
    return entry;
  }
  [[nodiscard]] Offer decide(const Sources& sources) const {
    return decide_offer(view, {"thumbs", revision_id(sources)}, sources, options, k_now);
  }
};

}  // namespace

TEST_CASE("the first revision and newer ones are offered") {
  Stage stage;
  CHECK(stage.decide(sources_of("t1")).why == "first");
  stage.set(sources_of("t1"), 2h);
  CHECK(stage.decide(sources_of("t2")).why == "trunk-newer");
  CHECK(stage.decide(sources_of("t2", "s2")).why == "spec-newer,trunk-newer");
  auto fewer = sources_of("t1");
  fewer.erase("spec");
  CHECK(stage.decide(fewer).why == "source-removed");
  CHECK(stage.decide(sources_of("t2")).offered());
}

TEST_CASE("what is out there is not offered, what is unfinished or down is") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h);
  const auto there = stage.decide(sources_of("t1"));
  CHECK(there.out_there());
  CHECK_FALSE(there.offered());
  set.state = "partial";
  CHECK(stage.decide(sources_of("t1")).why == "unfinished");
  set.state = "down";
  CHECK(stage.decide(sources_of("t1")).why == "down");
  CHECK(stage.decide(sources_of("t1")).offered());
}

TEST_CASE("what runs and does no work is offered for repair") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h);
  set.locked_out = true;
  CHECK(stage.decide(sources_of("t1")).why == "locked-out");
  CHECK(stage.decide(sources_of("t1")).offered());
  stage.config.max_sets = 1;  // it takes up no more room than it does
  CHECK(stage.decide(sources_of("t1")).offered());
  set.cut = true;
  CHECK(stage.decide(sources_of("t1")).out_there());
  set.cut = false;
  set.locked_out = false;
  CHECK(stage.decide(sources_of("t1")).out_there());
  set.rights = "configure is '.*' instead of '^$'";
  CHECK(stage.decide(sources_of("t1")).why == "rights");
  CHECK(stage.decide(sources_of("t1")).offered());
  set.cut = true;
  CHECK(stage.decide(sources_of("t1")).out_there());
  set.cut = false;
  set.rights.clear();
  set.memory.cut_memo = CutMemo{false, "alice", "bad", k_now, {}, k_now};
  set.memory.cut_memo->stopped_in = "here";
  CHECK(stage.decide(sources_of("t1")).why == "stopped");
  set.status.reset();  // and what is elsewhere its own home repairs
  CHECK(stage.decide(sources_of("t1")).out_there());
}

TEST_CASE("after an attempt that failed the next one waits") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h, "partial");
  set.status->attempts = 2;
  set.status->retry_at = k_now + 5min;
  CHECK(stage.decide(sources_of("t1")).held ==
        "2 attempts failed; the next is due in 5m, or now with --now");
  stage.options.now = true;
  CHECK(stage.decide(sources_of("t1")).offered());
  stage.options.now = false;
  set.status->retry_at = k_now;
  CHECK(stage.decide(sources_of("t1")).offered());
}

TEST_CASE("a revision that was cut is known to be bad") {
  Stage stage;
  stage.set(sources_of("t1"), 2h);
  stage.tombstone(sources_of("t2"), 1h).cut_memo =
      CutMemo{true, "alice", "errors", k_now - 30min, {}, {}};
  const auto bad = stage.decide(sources_of("t2"));
  CHECK(bad.why == "known-bad");
  CHECK(bad.held == "it is known to be bad (cut 30m ago by alice: errors); --even-bad offers it");
  stage.options.even_bad = true;
  CHECK(stage.decide(sources_of("t2")).offered());
  CHECK(stage.decide(sources_of("t2")).why == "known-bad");
}

TEST_CASE("a source that goes back to what a later set had left is held") {
  Stage stage;
  stage.tombstone(sources_of("t1"), 3h);
  stage.set(sources_of("t2"), 2h);
  const auto back = stage.decide(sources_of("t1", "s2"));
  CHECK(back.why == "backwards");
  CHECK_FALSE(back.offered());
  stage.options.allow_back = true;
  CHECK(stage.decide(sources_of("t1", "s2")).offered());
}

TEST_CASE("after a return by hand what was the newest before is still the newer one") {
  Stage stage;
  stage.tombstone(sources_of("t2"), 2h);
  auto& returned = stage.set(sources_of("t1"), 1h);
  returned.memory.set->first_deployed_at = k_now - 3h;
  CHECK(stage.decide(sources_of("t2", "s2")).why == "spec-newer,trunk-newer");
}

TEST_CASE("the owner's own edit of the service may go back") {
  Stage stage;
  auto old = sources_of("t1");
  old["service"].revision = "before";
  stage.tombstone(old, 3h);
  stage.set(sources_of("t1"), 2h);
  auto again = old;
  again["trunk"].revision = "t2";
  CHECK(stage.decide(again).why == "service-newer,trunk-newer");
}

TEST_CASE("a freeze holds whatever is newer") {
  Stage stage;
  stage.view.hold = Hold{"alice", "a release", k_now, {}};
  const auto held = stage.decide(sources_of("t1"));
  CHECK(held.why == "held");
  CHECK(held.held == "deploys are held by alice: a release; cdctl resume thumbs lifts that");
}

TEST_CASE("what has fallen comes back in a freeze, unless the service is at its end") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h, "down");
  stage.view.hold = Hold{"alice", "a release", k_now, {}};
  CHECK(stage.decide(sources_of("t1")).offered());
  CHECK_FALSE(stage.decide(sources_of("t2")).offered());
  stage.view.hold->retiring = true;
  CHECK(stage.decide(sources_of("t1")).why == "held");
  stage.view.hold->retiring = false;
  set.state = "partial";  // a first deploy that did not end is nothing that has fallen
  CHECK(stage.decide(sources_of("t1")).why == "held");
  set.status->served = true;
  CHECK(stage.decide(sources_of("t1")).offered());
}

TEST_CASE("a revision that is held out is offered neither new nor down") {
  Stage stage;
  stage.set(sources_of("t1"), 2h, "down");
  for (const auto* trunk : {"t1", "t2"}) {
    const SetName name{"thumbs", revision_id(sources_of(trunk))};
    stage.view.set_holds.emplace(name.str(), Hold{"alice", "an older one was deployed", k_now, {}});
    const auto offer = stage.decide(sources_of(trunk));
    CHECK(offer.why == "held-out");
    CHECK(offer.held ==
          "it is held out by alice: an older one was deployed; cdctl resume thumbs lifts that");
  }
  CHECK(stage.decide(sources_of("t3")).offered());
}

TEST_CASE("a set whose cut was begun is not brought back") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h, "down");
  set.memory.cut_memo = CutMemo{true, "alice", "errors", k_now, {}, {}};
  CHECK_FALSE(set.fallen());
  const auto offer = stage.decide(sources_of("t1"));
  CHECK_FALSE(offer.offered());
  CHECK(offer.held.starts_with("a cut of it was begun by alice"));
}

TEST_CASE("a set that this home has lost is offered, one of another home is not") {
  Stage stage;
  auto& set = stage.set(sources_of("t1"), 2h, "down");
  set.status.reset();
  set.memory.provisioned = true;
  CHECK(stage.decide(sources_of("t1")).out_there());
  set.ghost = true;
  CHECK(stage.decide(sources_of("t1")).offered());
}

TEST_CASE("max_sets bounds new sets, and neither repairs nor what is cut") {
  Stage stage;
  stage.config.max_sets = 2;
  stage.set(sources_of("t1"), 3h);
  stage.set(sources_of("t2"), 2h, "down");
  CHECK(stage.decide(sources_of("t3")).why == "max-sets");
  CHECK(stage.decide(sources_of("t2")).why == "down");
  stage.view.sets.front().cut = true;
  CHECK(stage.decide(sources_of("t3")).why == "trunk-newer");
  stage.view.sets.front().cut = false;
  stage.config.max_sets = 0;
  CHECK(stage.decide(sources_of("t3")).offered());
}
