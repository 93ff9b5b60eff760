#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/actions/cut.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using namespace cdctl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

bool cut(FakeService& thumbs, const SetName& set, const CutOptions& options = {},
         std::optional<Time> evidence = {}) {
  thumbs.journal.lines.clear();
  return cut_set(thumbs.context, set, {"errors >= 5", evidence}, options, Deadline(5s));
}

}  // namespace

TEST_CASE("a cut is noted, then limited, and then the world's") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(cut(thumbs, set));
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "door.connections", "memory.cut yes", "door.cut", "unlock", "engine.cut"});
  CHECK(thumbs.steps() == "door local");
  const auto& record = thumbs.record();
  CHECK(record["action"].view() == "break");
  CHECK(record["changed"].as_bool());
  CHECK(record["why"].view() == "errors >= 5");
  CHECK(thumbs.entry(set).cut_memo->cut);
  CHECK(thumbs.context.exit_code() == 0);
}

TEST_CASE("a cut that is repeated changes nothing, and completes what was left out") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  REQUIRE(cut(thumbs, set));
  const auto at = thumbs.entry(set).cut_memo->at;
  CHECK(cut(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "door.cut", "unlock", "engine.cut"});
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.entry(set).cut_memo->at == at);
}

TEST_CASE("the limit in force is remembered by a cut") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).limit = 7;
  CHECK(cut(thumbs, set));
  CHECK(thumbs.entry(set).cut_memo->prev_limit == 7);
}

TEST_CASE("a dry run of a cut counts and changes nothing") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(cut(thumbs, set, {.dry_run = true}));
  CHECK(thumbs.journal.lines == Lines{"door.connections"});
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.record()["dry_run"].as_bool());
}

TEST_CASE("nothing follows a step of a cut that failed") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.journal.failing = "door.cut";
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "door.connections", "memory.cut yes", "door.cut", "unlock"});
  CHECK(thumbs.steps() == "door!");
  CHECK(thumbs.record()["error"].view() == "door: no answer");
  CHECK(thumbs.context.exit_code() == 4);
  // Noted: a set that is about to be cut does not count for anybody else.
  CHECK(thumbs.entry(set).cut_memo->cut);
  CHECK(thumbs.entry(set).cut == false);

  thumbs.journal.failing = "memory.cut";
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["steps"].items().empty());
  thumbs.journal.failing = "engine.cut";
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.steps() == "door local!");
  thumbs.journal.failing.clear();
  CHECK(cut(thumbs, set));
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("what cannot be found any more is cut already") {
  FakeService thumbs;
  const SetName gone{"thumbs", "r0123456789"};
  CHECK(cut(thumbs, gone, {}, now()));
  CHECK(thumbs.record()["absent"].as_bool());
  CHECK(thumbs.journal.lines == Lines{"lock", "unlock"});
  CHECK(cut(thumbs, {"stranger", "r0123456789"}, {}, now()));
  CHECK(thumbs.record()["absent"].as_bool());
  // A person who names what never was has mistyped it.
  CHECK_FALSE(cut(thumbs, gone));
  CHECK(thumbs.record()["error"].view().contains("never was"));
  thumbs.entry(gone).set = SetMemo{gone, "local", "here", {}, now() - 2h, 1, now() - 1h, {}};
  CHECK(cut(thumbs, gone));
  CHECK(thumbs.record()["absent"].as_bool());
  thumbs.journal.failing = "memory.read";  // and what could not be asked about is not
  CHECK_FALSE(cut(thumbs, {"thumbs", "r0123456789"}));
  CHECK(thumbs.record()["exit"].as_int() == 4);
}

TEST_CASE("what a breaker finds gone is no news, and what a person asks for is kept") {
  FakeService thumbs;
  const auto kept = [&] {
    const auto log = read_file(thumbs.home.path() / "outcomes.ndjson");
    return log ? lines(*log).size() : 0;
  };
  const SetName gone{"thumbs", "r0123456789"};
  thumbs.entry(gone).set = SetMemo{gone, "local", "here", {}, now() - 2h, 1, now() - 1s, {}};
  CHECK(cut(thumbs, gone, {}, now()));
  CHECK(thumbs.record()["absent"].as_bool());  // it is said all the same
  CHECK(kept() == 0);
  thumbs.journal.failing = "memory.read";
  CHECK_FALSE(cut(thumbs, gone, {}, now()));
  CHECK(kept() == 1);
  thumbs.journal.failing.clear();
  CHECK(cut(thumbs, gone));
  CHECK(kept() == 2);
}

TEST_CASE("a verdict on a foreign set is not obeyed") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  auto config = thumbs.context.config();
  config.services.clear();
  thumbs.context.use_config(std::move(config));
  CHECK(cut_set(thumbs.context, set, {"critical >= 1", now()}, {}, Deadline(5s)));
  CHECK(thumbs.record()["ignored"].as_string() == "foreign");
  CHECK_FALSE(thumbs.entry(set).cut.value());
  thumbs.entry(set).set.reset();
  CHECK_FALSE(cut_set(thumbs.context, set, {"by hand", {}}, {.even_last = true}, Deadline(5s)));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("the nearest name is told of one that never was") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  CHECK_FALSE(cut(thumbs, {"thumbs", "raaaaaaaaab"}));
  CHECK(thumbs.record()["error"].view().contains("did you mean thumbs-raaaaaaaaaa?"));
  CHECK_FALSE(cut(thumbs, {"thumb", "raaaaaaaaaa"}));
  CHECK(thumbs.record()["error"].view().contains("did you mean thumbs"));
}

TEST_CASE("what is not out yet can be refused by a person, and by nobody else") {
  FakeService thumbs;
  thumbs.deploy('a', 2h);
  const Sources newest{{"service", thumbs.context.config().services.front().shape()}};
  const SetName ahead{"thumbs", revision_id(newest)};
  CHECK(cut(thumbs, ahead, {}, now()));
  CHECK(thumbs.record()["absent"].as_bool());
  CHECK(cut(thumbs, ahead, {.dry_run = true}));
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK_FALSE(thumbs.entry(ahead).cut_memo);
  CHECK(cut(thumbs, ahead));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut yes", "unlock"});
  CHECK(thumbs.record()["ahead"].as_bool());
  CHECK(thumbs.entry(ahead).cut_memo->why == "errors >= 5");
  CHECK(cut(thumbs, ahead));
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
}

TEST_CASE("min_live counts who works, and not who is connected") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  thumbs.door.work[set.str()] = {true, 1, 1, 0};
  SECTION("a zombie has a connection and takes nothing") {
    thumbs.door.work[other.str()] = {true, 1, 0, 0};
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.record()["exit"].as_int() == 5);
    CHECK(cut(thumbs, other));  // nothing that works is taken away with it
  }
  SECTION("one unit may hold four connections") {
    thumbs.change([](ServiceConfig& service) { service.min_live = {2, false}; });
    thumbs.entry(other).set->units = 3;
    thumbs.door.work[other.str()] = {true, 4, 1, 0};
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.record()["exit"].as_int() == 5);
    thumbs.door.work[other.str()] = {true, 8, 2, 0};
    CHECK(cut(thumbs, set));
  }
}

TEST_CASE("min_live refuses the last set, unless it is named") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  CHECK(thumbs.journal.lines == Lines{"lock", "door.connections", "unlock"});
  CHECK(cut(thumbs, set, {.even_last = true}));
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "memory.cut yes", "door.cut", "unlock", "engine.cut"});
}

TEST_CASE("the record of a cut says whether a person had asked for it") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["by_hand"].as_bool());
  (void)cut(thumbs, set, {}, now());
  CHECK(thumbs.record()["by_hand"].is_null());
}

TEST_CASE("a person's word is obeyed") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).force = Force{Force::State::closed, "alice", "we know", now()};
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["exit"].as_int() == 5);
  thumbs.entry(set).force->state = Force::State::observe;
  CHECK(cut(thumbs, set, {}, now()));
  CHECK(thumbs.record()["ignored"].view() == "observe-only");
  CHECK(thumbs.journal.lines == Lines{"lock", "unlock"});
  CHECK(cut(thumbs, set));  // a person says so
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("old evidence does not cut") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(cut(thumbs, set, {}, now() - 3h));
  CHECK(thumbs.record()["ignored"].view() == "the evidence is older than the set");
  CHECK(cut(thumbs, set, {}, now() - 10min));
  CHECK(thumbs.record()["ignored"].view() == "the evidence is 10m old, max_verdict_age is 5m");
  thumbs.entry(set).cut_memo = CutMemo{false, "alice", "", now() - 1h, {}, now() - 1min};
  CHECK(cut(thumbs, set, {}, now() - 2min));
  CHECK(thumbs.record()["ignored"].view() == "the evidence is older than the mend");
  CHECK(cut(thumbs, set, {}, now()));
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("evidence from the future does not cut, and gets no older") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  for (const auto time : {*parse_rfc3339("9999-12-31T23:59:59Z"), now() + 31s}) {
    CHECK_FALSE(cut(thumbs, set, {}, time));
    CHECK(thumbs.record()["exit"].as_int() == 1);
    CHECK(thumbs.record()["error"].as_string().starts_with("not cut: the evidence is from the"));
    CHECK(thumbs.journal.take() == Lines{"lock", "unlock"});
  }
  CHECK(cut(thumbs, set, {}, now() + 20s));
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("a machine with a wrong clock judges its own evidence, and does not guess at others'") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 20h);
  thumbs.deploy('b', 20h);
  const auto ahead = GENERATE(Millis(1h), Millis(-1h), Millis(3min), Millis(-3min));
  CAPTURE(ahead.count());
  thumbs.memory.ahead = ahead;
  const auto mended = [&](Millis ago) {  // the memory's times are translated
    thumbs.entry(set).cut_memo = CutMemo{false, "alice", "", now() - 2h, {}, now() - ago};
  };
  const auto others = [&](Millis ago) { return now() - ahead - ago; };
  SECTION("its own") {
    mended(10s);
    CHECK(cut(thumbs, set, {}, now() - 20s));
    CHECK(thumbs.record()["ignored"].view() == "the evidence is older than the mend");
    CHECK(cut(thumbs, set, {}, now() - 1s));
    CHECK(thumbs.steps() == "door local");
  }
  SECTION("what others said a second ago, of a set that was mended before") {
    mended(10s);
    const bool done = cut(thumbs, set, {}, others(1s));
    if (ahead < Millis(0)) {
      CHECK(done);
      CHECK(thumbs.steps() == "door local");
      return;
    }
    CHECK_FALSE(done);
    CHECK(thumbs.record()["exit"].as_int() == 4);
    const auto error = thumbs.record()["error"].as_string();
    CHECK(error.find("older than the mend") != std::string::npos);
    CHECK(error.find("run NTP") != std::string::npos);
    CHECK(thumbs.journal.take() == Lines{"lock", "unlock"});
  }
  SECTION("what others said before the mend") {
    mended(10s);
    CHECK(cut(thumbs, set, {}, others(20s)));
    CHECK(thumbs.record()["ignored"].view() == "the evidence is older than the mend");
  }
  SECTION("what was in the future for everybody") {
    CHECK_FALSE(cut(thumbs, set, {}, std::max(now(), others(0s)) + 31s));
    CHECK(thumbs.record()["exit"].as_int() == 1);
  }
}

TEST_CASE("what a wrong clock has noted for a time to come disarms nobody") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', -1h);
  thumbs.deploy('b', 1h);
  thumbs.entry(set).cut_memo = CutMemo{false, "alice", "", now() + 1h, {}, now() + 1h};
  CHECK(cut(thumbs, set, {}, now() - 1s));
  CHECK(thumbs.steps() == "door local");
}

TEST_CASE("the later of two breakers undoes its own cut") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  auto their_time = now() - 1s;
  thumbs.entry(set).limit = 3;
  thumbs.journal.beside = [&](const std::string& call) {
    if (call != "door.cut") return;
    thumbs.entry(other).cut = true;
    thumbs.entry(other).cut_memo = CutMemo{true, "bob@web2", "by hand", their_time, {}, {}};
  };
  SECTION("ours is later") {
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.journal.lines == Lines{"lock", "door.connections", "memory.cut yes", "door.cut",
                                        "memory.cut no", "door.mend 3", "unlock"});
    CHECK(thumbs.record()["exit"].as_int() == 5);
    CHECK(thumbs.record()["error"].as_string().starts_with("undone: another breaker"));
    CHECK(thumbs.steps() == "door");  // what was undone is no step
    CHECK_FALSE(thumbs.entry(set).cut_memo->cut);
    CHECK(thumbs.entry(set).cut_memo->mended_at);
  }
  SECTION("theirs is later: they undo it") {
    their_time = now() + 1min;
    CHECK(cut(thumbs, set));
    CHECK(thumbs.steps() == "door local");
  }
  SECTION("enough is left all the same") {
    thumbs.deploy('c', 30min);
    CHECK(cut(thumbs, set));
    CHECK(thumbs.steps() == "door local");
  }
}

TEST_CASE("without a broker a cut is the engine's alone") {
  FakeService thumbs(false);
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(cut(thumbs, set));
  CHECK(thumbs.journal.lines == Lines{"lock", "memory.cut yes", "unlock", "engine.cut"});
}

TEST_CASE("a cut of a set on trial ends the trial, and keeps the limit from before") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  auto& entry = thumbs.entry(set);
  entry.cut = true;
  entry.cut_memo = CutMemo{true, "alice", "bad", now() - 1h, 9, {}, {}};
  entry.cut_memo->probation = Probation{now(), now() + 1min, 1, false, "alice"};
  CHECK(cut(thumbs, set));
  CHECK(thumbs.journal.lines ==
        Lines{"lock", "memory.cut trial", "door.cut", "memory.cut yes", "unlock", "engine.cut"});
  CHECK(entry.cut_memo->prev_limit == 9);
  CHECK(thumbs.record()["changed"].as_bool());
}

TEST_CASE("a cut can be killed between its steps") {
  const std::string boundary =
      GENERATE(as<std::string>(), "break.counted", "break.remembered", "break.door", "break.world");
  INFO(boundary);
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.deploy('b', 1h);
  CHECK(dies_at(boundary, [&] { (void)cut(thumbs, set); }));
}

TEST_CASE("a service whose file cannot be read keeps what the file said when it was deployed") {
  FakeService thumbs(false);
  const auto old = thumbs.deploy('a', 2h);
  const auto last = thumbs.deploy('b', 1h);
  auto config = thumbs.context.config();
  config.services.clear();
  config.broken.emplace("thumbs", Error{ExitCode::config, "no such key"});
  thumbs.context.use_config(config);
  CHECK_FALSE(cut(thumbs, old));  // nothing is remembered: all that is live stays
  CHECK(thumbs.record()["exit"].as_int() == 5);
  thumbs.entry(old).set->min_live = MinLive{1, false};
  thumbs.entry(last).set->min_live = MinLive{2, false};
  CHECK_FALSE(cut(thumbs, old));  // the last that was deployed says it
  thumbs.entry(last).set->min_live = MinLive{1, false};
  CHECK(cut(thumbs, old));
}

TEST_CASE("a last set of which nothing works may be cut") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  auto& status = thumbs.engine.sets[set.str()];
  status.state = "down", status.up = 0, status.lived = false;
  thumbs.door.open_connections.clear();
  SECTION("it is down, says its engine, and the broker is up for long") {
    CHECK(cut(thumbs, set, {}, now()));
    CHECK(thumbs.steps() == "door local");
  }
  SECTION("its units are up, and may connect") {
    status.up = 1;
    CHECK_FALSE(cut(thumbs, set));
    CHECK(thumbs.record()["exit"].as_int() == 5);
    CHECK(thumbs.record()["error"].as_string().contains("about to come back"));
  }
  SECTION("the broker was restarted, and all have to connect anew") {
    thumbs.door.up_since_value = now() - 10s;
    CHECK_FALSE(cut(thumbs, set));
    SECTION("but not one that is younger than that") {
      thumbs.door.up_since_value = now() - 10s;
      thumbs.entry(set).set->deployed_at = now() - 5s;
      CHECK(cut(thumbs, set));
    }
  }
  SECTION("it had lived: then evidence may speak of an outage, and only a person cuts it") {
    status.lived = true;
    CHECK_FALSE(cut(thumbs, set, {}, now()));
    CHECK(cut(thumbs, set));
  }
  SECTION("it lives in another home, of which nobody here can say anything") {
    thumbs.entry(set).set->home = "elsewhere";
    thumbs.engine.sets.erase(set.str());
    CHECK_FALSE(cut(thumbs, set));
  }
}

TEST_CASE("without a broker a last set with no unit up may be cut") {
  FakeService thumbs(false);
  const auto set = thumbs.deploy('a', 2h);
  thumbs.engine.sets[set.str()].state = "down";
  thumbs.engine.sets[set.str()].up = 0;
  CHECK(cut(thumbs, set));
  CHECK(thumbs.steps() == "local");
}

TEST_CASE("a user that nobody owns is nobody's live set") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), ghost = thumbs.deploy('b', 1h);
  thumbs.engine.sets.erase(ghost.str());
  thumbs.entry(ghost).set.reset();
  CHECK_FALSE(cut(thumbs, set));
  CHECK(thumbs.record()["exit"].as_int() == 5);
}

TEST_CASE("a cut says how near its queues are to giving messages up") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h), other = thumbs.deploy('b', 1h);
  thumbs.entry(set).set->delivery_limits = {{"jobs", 5}};
  thumbs.entry(other).cut_memo = CutMemo{false, "me", "bad", now() - 2h, {}, now() - 1h};
  thumbs.entry(other).cut_memo->cuts = {now() - 48h, now() - 2h};
  CHECK(cut(thumbs, set));
  auto returns = thumbs.record()["returns"].items();
  REQUIRE(returns.size() == 1);
  CHECK(returns[0]["queue"].view() == "jobs");
  CHECK(returns[0]["limit"].as_int() == 5);
  CHECK(returns[0]["cuts"].as_int() == 2);  // the one of the day before yesterday is not counted
  REQUIRE_FALSE(thumbs.out.lines.empty());
  CHECK(thumbs.out.lines.back().contains("at its 6th return; 2 cuts in the last 24h"));
  CHECK(thumbs.entry(set).cut_memo->cuts.size() == 1);

  thumbs.out.lines.clear();
  CHECK(cut(thumbs, set));  // already: nothing goes back
  CHECK(thumbs.record()["returns"].is_null());
  CHECK(thumbs.entry(set).cut_memo->cuts.size() == 1);
  CHECK(thumbs.out.lines.empty());
}

TEST_CASE("what the memory alone knows of a service that is not configured is cut by name") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.entry(set).set->home = "elsewhere";
  thumbs.engine.sets.clear();
  auto config = thumbs.context.config();
  config.services.clear();
  thumbs.context.use_config(config);
  CHECK(cut(thumbs, set, {}, now()));  // by rules that are not its own: nothing
  CHECK(thumbs.record()["absent"].as_bool());
  CHECK_FALSE(thumbs.record()["changed"].as_bool());
  CHECK_FALSE(cut(thumbs, {"thumbs", "r0123456789"}));
  CHECK(thumbs.record()["exit"].as_int() == 1);
  CHECK(thumbs.record()["error"].as_string().contains("thumbs is not in"));
  CHECK(cut(thumbs, set, {.even_last = true}));
  CHECK(thumbs.record()["changed"].as_bool());
  CHECK(thumbs.entry(set).cut_memo->cut);
}
