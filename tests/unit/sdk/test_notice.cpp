#include <catch2/catch.hpp>

#include <cdctl/notice.hpp>

using namespace cdctl;

namespace {

Json outcome(std::string_view action) {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", action},
                       {"service", "thumbs"},
                       {"revision", "r0000000001"},
                       {"set", "thumbs-r0000000001"},
                       {"ok", true},
                       {"changed", true},
                       {"why", "errors >= 5 in 1m"},
                       {"by", "alice@web1"},
                       {"time", "2026-11-23T04:11:30.120Z"}});
}

std::vector<std::string> kinds(const Json& record) {
  std::vector<std::string> out;
  for (const auto& notice : notices_of(record))
    out.push_back(std::string(to_string(notice.kind)) + (notice.over ? " over" : "") +
                  (notice.implied ? " implied" : ""));
  return out;
}

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("a cut and its mend are one condition, whatever else differs") {
  auto mend = outcome("mend");
  mend.set("why", "all is well").set("by", "bob@web2");
  const auto begun = notices_of(outcome("break")), over = notices_of(mend);
  REQUIRE(begun.size() == 1);
  REQUIRE(over.size() == 1);
  CHECK(begun[0].key == "cut/thumbs-r0000000001");
  CHECK(over[0].key == begun[0].key);
  CHECK_FALSE(begun[0].over);
  CHECK(over[0].over);
  CHECK(begun[0].summary == "thumbs-r0000000001 was cut by alice@web1: errors >= 5 in 1m");
  CHECK(begun[0].severity == Severity::error);
}

TEST_CASE("a cut that a guard refuses is louder than one, and the same condition") {
  auto refused = outcome("break");
  refused.set("ok", false).set("changed", false).set("exit", 5).set("error", "min_live is 1");
  const auto notices = notices_of(refused);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].key == "cut/thumbs-r0000000001");
  CHECK(notices[0].severity == Severity::critical);
  CHECK(notices[0].summary ==
        "thumbs-r0000000001 is unhealthy and was not cut: a guard refused: min_live is 1");
}

TEST_CASE("a cut that a person types and that is refused has its answer, and wakes nobody") {
  auto refused = outcome("break");
  refused.set("ok", false).set("changed", false).set("exit", 5).set("error", "min_live is 1");
  CHECK(kinds(refused) == Kinds{"uncut"});
  CHECK(kinds(refused.set("by_hand", true)).empty());
  CHECK(kinds(outcome("break").set("by_hand", true)) == Kinds{"cut"});
}

TEST_CASE("a set that could not be cut is over when it is mended, though there was no cut") {
  const auto notices = notices_of(outcome("mend").set("changed", false));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].key == "cut/thumbs-r0000000001");
  CHECK(notices[0].over);
  CHECK(notices[0].implied);
}

TEST_CASE("nothing is said of what changed nothing, of a dry run, of what is to be refused") {
  CHECK(kinds(outcome("break").set("changed", false)).empty());
  CHECK(kinds(outcome("break").set("dry_run", true)).empty());
  CHECK(kinds(outcome("deploy").set("ok", false).set("exit", 5)).empty());
  CHECK(kinds(outcome("reap").set("draining", true)).empty());
  CHECK(kinds(Json::object({{"schema", "cdctl.set/1"}})).empty());
  CHECK(kinds(Json("text")).empty());
}

TEST_CASE("what ends a condition that may never have begun says so") {
  CHECK(kinds(outcome("deploy")) == Kinds{"deployed", "deploy over implied"});
  CHECK(kinds(outcome("reap")) == Kinds{"cut over implied", "reaped"});
  const auto healthy = Json::object({{"schema", "cdctl.verdict/1"},
                                     {"service", "thumbs"},
                                     {"set", "thumbs-r0000000001"},
                                     {"verdict", "healthy"}});
  CHECK(kinds(healthy) == Kinds{"everyone over implied", "unjudged over implied"});
}

TEST_CASE("a trial that failed leaves a set cut, however it ended") {
  const auto trial = [](std::string_view end) {
    return Json::object({{"end", end}, {"why", "4 messages came back, 1 were acknowledged"}});
  };
  const auto failed = notices_of(outcome("mend").set("trial", trial("failed")));
  REQUIRE(failed.size() == 1);
  CHECK_FALSE(failed[0].over);
  CHECK(
      failed[0].summary ==
      "thumbs-r0000000001 stays cut, its trial failed: 4 messages came back, 1 were acknowledged");
  CHECK(kinds(outcome("mend").set("trial", trial("passed"))) == Kinds{"cut over"});
  CHECK(kinds(outcome("mend").set("trial", trial("running"))).empty());
  CHECK(kinds(outcome("mend").set("trial", trial("ended elsewhere"))).empty());
}

TEST_CASE("nobody working on a service is its own kind, other signals are signals") {
  auto signal = Json::object({{"schema", "cdctl.signal/1"},
                              {"id", "1"},
                              {"set", "thumbs-r0000000001"},
                              {"service", "thumbs"},
                              {"severity", "critical"},
                              {"signal", "service/outage"},
                              {"key", "thumbs/service/outage"},
                              {"message", "nobody works on thumbs"}});
  CHECK(kinds(signal) == Kinds{"outage"});
  signal.set("cleared", true);
  CHECK(kinds(signal) == Kinds{"outage over"});
  signal.set("signal", "oops").set("replayed", true);
  CHECK(kinds(signal).empty());
}

TEST_CASE("a worker speaks of its own service, whatever key it gives") {
  auto signal = Json::object({{"schema", "cdctl.signal/1"},
                              {"id", "1"},
                              {"set", "thumbs-r0000000001"},
                              {"service", "victim"},
                              {"severity", "info"},
                              {"signal", "oops"},
                              {"key", "cut/victim-r0000000001"},
                              {"cleared", true}});
  CHECK(notices_of(signal)[0].key == "signal/thumbs/cut/victim-r0000000001");
  signal.set("signal", "service/outage").set("key", "victim/service/outage");
  CHECK(notices_of(signal)[0].key == "outage/thumbs");
}

TEST_CASE("an id is of this occurrence: the same each time it is told, another for another") {
  const auto first = notices_of(outcome("deploy")), again = notices_of(outcome("deploy"));
  CHECK(first[0].id == again[0].id);
  CHECK(first[0].id != first[1].id);
  CHECK(notices_of(outcome("deploy").set("time", "2026-11-23T04:11:31.120Z"))[0].id != first[0].id);
}

TEST_CASE("what others wrote stays one line") {
  const auto notices =
      notices_of(outcome("break").set("why", "a\nb\x1b[31m" + std::string(5'000, 'x')));
  CHECK(notices[0].summary.find('\n') == std::string::npos);
  CHECK(notices[0].summary.find('\x1b') == std::string::npos);
  CHECK(notices[0].summary.size() < 600);
}

TEST_CASE("a deploy and a cut say what the set is made of, where that is known") {
  for (const auto* action : {"deploy", "break"}) {
    auto record = outcome(action);
    const auto plain = notices_of(record).front().summary;
    record.set("commits", Json::array({Json::object({{"source", "trunk"},
                                                     {"revision", "9f2c1ab"},
                                                     {"subject", "Fix the\ncolours"},
                                                     {"author", "Alice"}}),
                                       Json::object({{"source", "spec"}, {"revision", "c0ffee1"}}),
                                       Json::object({{"source", "config"}, {"subject", "More"}})}));
    const auto told = notices_of(record).front().summary;
    CHECK(told.starts_with(plain + "; trunk: Fix the"));
    CHECK(told.ends_with("colours (Alice); config: More"));
    CHECK_FALSE(told.contains('\n'));
  }
}
