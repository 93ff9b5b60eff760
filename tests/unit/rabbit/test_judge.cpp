#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>

#include "plugins/rabbit/probe/judge.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};
const Time k_begin = *parse_rfc3339("2026-11-23T04:00:00Z");

Judged of_two(std::optional<bool> cut = false) { return {k_set, 2, cut, false, {}, {}}; }

/// Two units that are at work, each on its channel.
UserStats working(std::int64_t delivered, std::int64_t acknowledged, std::int64_t unacked) {
  UserStats out;
  for (const auto* name : {"a", "b"}) {
    out.connections.insert(name);
    out.channels[std::string(name) + " (1)"] = {
        .delivered = delivered, .acknowledged = acknowledged, .unacked = unacked};
  }
  out.consumers = out.working = 2;
  return out;
}

UserStats connected(const std::set<std::string>& names) {
  UserStats out;
  out.connections = names;
  out.consumers = out.working = std::ssize(names);
  return out;
}

const Json* find(const Judgement& judgement, std::string_view name) {
  for (const auto& signal : judgement.signals)
    if (signal["signal"].view() == name) return &signal;
  return nullptr;
}
std::string severity(const Judgement& judgement, std::string_view name) {
  const auto* signal = find(judgement, name);
  return signal ? (*signal)["severity"].as_string() : "";
}

/// Looks every ten seconds, each on the memory of the one before, as it comes back from its file.
class Looks {
 public:
  Judgement next(const UserStats& user, const Judged& judged = of_two(),
                 Millis later = std::chrono::seconds(10)) {
    at_ += later;
    auto judgement = judge(judged, user, at_, before_);
    const auto kept = memory_from_json(memory_to_json({{k_set.str(), judgement.after}}, at_));
    before_ = kept.at(k_set.str());
    return judgement;
  }

 private:
  Time at_ = k_begin;
  std::optional<SetBefore> before_;
};

}  // namespace

TEST_CASE("the first look has no rate and says so") {
  Looks looks;
  const auto first = looks.next(working(100, 90, 10));
  REQUIRE(first.signals.size() == 1);
  CHECK_FALSE(first.signals[0].find("counts"));
  CHECK(first.signals[0]["severity"].view() == "info");
  CHECK(first.signals[0]["rabbit"]["no_rate"].view() == "first look");
  CHECK(first.signals[0]["rabbit"]["unacked"].as_int() == 20);
}

TEST_CASE("a set whose user is gone is told of, and never so that it is cut for it") {
  Looks looks;
  (void)looks.next(working(100, 90, 10));
  auto judged = of_two();
  judged.locked_out = true;
  for (int i = 0; i < 10; ++i) {
    const auto judgement = looks.next({}, judged);
    CHECK(severity(judgement, "rabbit/locked-out") == "warning");
    for (const auto& signal : judgement.signals) CHECK(signal["severity"].view() != "error");
  }
  CHECK(severity(looks.next(working(100, 90, 10)), "rabbit/locked-out").empty());
}

TEST_CASE("what is neither acknowledged nor held went back, and is blamed on who gave it back") {
  Looks looks;
  (void)looks.next(working(100, 90, 10));
  const auto good = looks.next(working(200, 190, 10));
  CHECK((*find(good, "rabbit/work"))["counts"] ==
        Json::object({{"ok", 200}, {"failed", 0}, {"interval_ms", 10'000}}));
  // 863 delivered, none acknowledged, 3 held: a set that rejects everything
  (void)looks.next(working(1063, 190, 13));
  const auto bad = looks.next(working(1163, 190, 13));
  CHECK((*find(bad, "rabbit/work"))["counts"]["failed"].as_int() == 2 * 860);
  CHECK((*find(bad, "rabbit/work"))["counts"]["ok"].as_int() == 0);
  CHECK(severity(bad, "rabbit/returned") == "warning");
}

TEST_CASE("an older set may give back what a newer one takes, for a while") {
  constexpr auto k_newer = "thumbs-r77aa01c9d0";
  Looks looks;
  std::int64_t given_back = 0;
  const auto look = [&](bool proven, Millis later = std::chrono::seconds(10)) {
    auto judged = of_two();
    judged.newer = {true, k_newer, proven, std::chrono::hours(1), std::chrono::hours(24)};
    return looks.next(working(given_back += 100, 0, 0), judged, later);
  };
  const auto failed = [](const Judgement& judgement) {
    return (*find(judgement, "rabbit/work"))["counts"]["failed"].as_int();
  };
  (void)look(false);
  (void)look(false);
  const auto early = look(false);
  CHECK(failed(early) == 0);
  CHECK((*find(early, "rabbit/work"))["rabbit"]["passed_on"].as_int() == 200);
  CHECK(severity(early, "rabbit/passed-on") == "info");
  CHECK((*find(early, "rabbit/passed-on"))["message"].view().find(k_newer) !=
        std::string_view::npos);
  CHECK(severity(early, "rabbit/returned").empty());
  CHECK(failed(look(true)) == 0);  // proven, but it has not lasted
  for (int i = 0; i < 13; ++i)
    CHECK(failed(look(false, std::chrono::minutes(5))) == 0);  // lasted, but nothing is proven
  const auto late = look(true);
  CHECK(failed(late) == 200);
  CHECK(severity(late, "rabbit/returned") == "warning");
  CHECK(severity(late, "rabbit/passed-on").empty());
}

TEST_CASE("where no newer set is ever proven, the overlap ends when one could have been") {
  Looks looks;
  std::int64_t given_back = 0;
  auto judged = of_two();
  judged.newer = {true, "thumbs-r77aa01c9d0", false, std::chrono::hours(1), std::chrono::hours(2)};
  const auto look = [&] {
    return looks.next(working(given_back += 100, 0, 0), judged, std::chrono::minutes(5));
  };
  (void)look();
  for (int i = 0; i < 24; ++i) CHECK(severity(look(), "rabbit/passed-on") == "info");
  const auto late = look();
  CHECK((*find(late, "rabbit/work"))["counts"]["failed"].as_int() == 200);
  CHECK((*find(late, "rabbit/returned"))["message"].view().contains(
      "longer than a set needs to be proven"));
  CHECK(severity(late, "rabbit/passed-on").empty());
}

TEST_CASE("an overlap does not begin anew when the newer set ends no job for a while") {
  Looks looks;
  std::int64_t given_back = 0;
  const auto look = [&](const char* taker) {
    auto judged = of_two();
    judged.newer = {true, taker, true, std::chrono::hours(1)};
    const auto seen = looks.next(working(given_back += 100, 0, 0), judged, std::chrono::minutes(5));
    return severity(seen, "rabbit/returned");
  };
  for (int i = 0; i < 3; ++i) (void)look("thumbs-r77aa01c9d0");
  CHECK(look("thumbs-r77aa01c9d0").empty());
  for (int i = 0; i < 10; ++i) CHECK(look("") == "warning");
  CHECK(look("thumbs-r77aa01c9d0") == "warning");
}

TEST_CASE("what gave back before there was a newer set, or beside one that takes nothing, failed") {
  Looks looks;
  std::int64_t given_back = 0;
  auto judged = of_two();
  const auto look = [&] { return looks.next(working(given_back += 100, 0, 0), judged); };
  SECTION("before") {
    for (int i = 0; i < 3; ++i) (void)look();
    judged.newer = {true, "thumbs-r77aa01c9d0", false, std::chrono::hours(1)};
  }
  SECTION("beside one that takes nothing") {
    judged.newer = {true, "", true, std::chrono::hours(1)};
    for (int i = 0; i < 3; ++i) (void)look();
  }
  SECTION("as the newest") {
    for (int i = 0; i < 3; ++i) (void)look();
  }
  const auto judgement = look();
  CHECK((*find(judgement, "rabbit/work"))["counts"]["failed"].as_int() == 200);
  CHECK(severity(judgement, "rabbit/returned") == "warning");
}

TEST_CASE("who takes work is told by what it acknowledged since the last look") {
  CHECK(takes_work(working(10, 5, 5), std::nullopt));
  CHECK_FALSE(takes_work(working(10, 0, 5), std::nullopt));
  SetBefore before;
  before.channels = working(10, 5, 5).channels;
  CHECK_FALSE(takes_work(working(10, 5, 5), before));
  CHECK(takes_work(working(12, 6, 5), before));
}

TEST_CASE("a busy channel that seems to return what it just got has returned nothing") {
  Looks looks;
  (void)looks.next(working(0, 0, 0));
  const auto early =
      looks.next(working(22, 18, 0));  // four more are held, which the broker does not tell yet
  CHECK((*find(early, "rabbit/work"))["counts"]["failed"].as_int() == 0);
  const auto later = looks.next(working(25, 25, 0));
  CHECK((*find(later, "rabbit/work"))["counts"]["failed"].as_int() == 0);
}

TEST_CASE("a return is counted once, however many looks see it") {
  Looks looks;
  (void)looks.next(working(0, 0, 0));
  std::int64_t failed = 0;
  for (int i = 0; i < 5; ++i)
    failed += (*find(looks.next(working(20, 10, 0)), "rabbit/work"))["counts"]["failed"].as_int();
  CHECK(failed == 2 * 10);
}

TEST_CASE("counts are never negative, whatever the broker's statistics say") {
  Looks looks;
  (void)looks.next(working(100, 10, 0));
  const auto odd = looks.next(working(100, 120, 40));  // acknowledged overtakes delivered
  CHECK((*find(odd, "rabbit/work"))["counts"]["failed"].as_int() == 0);
}

TEST_CASE("a channel that began anew counts from nothing") {
  Looks looks;
  (void)looks.next(working(1000, 990, 10));
  const auto again = looks.next(working(30, 20, 10));
  CHECK((*find(again, "rabbit/work"))["counts"]["ok"].as_int() == 40);
  auto grown = working(60, 50, 10);
  grown.channels["c (1)"] = {.delivered = 7, .acknowledged = 7, .settled = 3};
  const auto joined = looks.next(grown);
  CHECK((*find(joined, "rabbit/work"))["counts"]["ok"].as_int() == 60 + 7 + 3);
}

TEST_CASE("a memory older than ten minutes gives no rate, and is not kept") {
  Looks looks;
  (void)looks.next(working(100, 90, 10));
  const auto late = looks.next(working(200, 190, 10), of_two(), std::chrono::minutes(11));
  CHECK_FALSE(find(late, "rabbit/work")->find("counts"));
  CHECK((*find(late, "rabbit/work"))["rabbit"]["no_rate"].view() ==
        "the last look is too long ago");
  SetBefore old;
  old.at = k_begin;
  CHECK(memory_to_json({{k_set.str(), old}}, k_begin + std::chrono::minutes(11))["sets"]
            .members()
            .empty());
  CHECK(memory_from_json(
            *Json::parse(R"({"sets":{"no set":{"at":1},"thumbs-r5f0c1e9a2b":{"at":"x"}}})"))
            .empty());
}

TEST_CASE("connections that come and go are a warning, and a crash loop at the third look") {
  Looks looks;
  CHECK(find(looks.next(connected({"a", "b"})), "rabbit/churn") == nullptr);
  CHECK(severity(looks.next(connected({"c", "d"})), "rabbit/churn") == "warning");
  CHECK(severity(looks.next(connected({"e", "f"})), "rabbit/churn") == "warning");
  CHECK(severity(looks.next(connected({"g", "h"})), "rabbit/churn") == "error");
  SECTION("also when no connection is up at the moment of the look") {
    CHECK(severity(looks.next(connected({})), "rabbit/churn") == "error");
    CHECK(severity(looks.next(connected({"i", "j"})), "rabbit/churn") == "error");
  }
  SECTION("it ends when they stay") {
    CHECK(find(looks.next(connected({"g", "h"})), "rabbit/churn") == nullptr);
    CHECK(severity(looks.next(connected({"k", "l"})), "rabbit/churn") == "warning");
  }
}

TEST_CASE("a set that was cut and is mended does not churn") {
  Looks looks;
  (void)looks.next(connected({"a", "b"}));
  CHECK(find(looks.next(connected({}), of_two(true)), "rabbit/churn") == nullptr);
  CHECK(find(looks.next(connected({"c", "d"})), "rabbit/churn") == nullptr);
  CHECK(find(looks.next(connected({"c", "d"})), "rabbit/churn") == nullptr);
}

TEST_CASE(
    "fewer consumers than units are told after half a minute, and never of a set that is cut") {
  Looks looks;
  CHECK(find(looks.next(connected({"a"})), "rabbit/consumers") == nullptr);
  CHECK(find(looks.next(connected({"a"})), "rabbit/consumers") == nullptr);
  CHECK(find(looks.next(connected({"a"})), "rabbit/consumers") == nullptr);
  CHECK(severity(looks.next(connected({"a"})), "rabbit/consumers") == "warning");
  CHECK(severity(looks.next(connected({})), "rabbit/consumers") == "error");
  CHECK(find(looks.next(connected({}), of_two(true)), "rabbit/consumers") == nullptr);
  CHECK(find(looks.next(connected({}), of_two(std::nullopt)), "rabbit/consumers") == nullptr);
}

TEST_CASE("a channel that holds a message for as long as the broker lets it is told of") {
  Looks looks;
  auto judged = of_two();
  judged.timeout = ConsumerTimeout{"thumbs", std::chrono::minutes(30), "a policy"};
  const auto name = "rabbit/consumer-timeout";
  const auto look = [&](std::int64_t others, int minutes) {
    auto user = working(10, 9, 1);
    user.channels["b (1)"] = {.delivered = others, .acknowledged = others, .unacked = 0};
    return looks.next(user, judged, std::chrono::minutes(minutes));
  };
  (void)look(10, 1);
  CHECK(find(look(20, 9), name) == nullptr);
  const auto near = look(30, 6);  // another channel is at work meanwhile
  CHECK(severity(near, name) == "warning");
  CHECK(find(near, "rabbit/unacked") == nullptr);
  CHECK((*find(near, name))["message"].view().contains(
      "nearing consumer_timeout, which is 30m for thumbs (a policy)"));
  (void)look(40, 9);
  SECTION("an acknowledgement begins anew") {
    auto user = working(20, 19, 1);
    CHECK(find(looks.next(user, judged, std::chrono::minutes(9)), name) == nullptr);
  }
  SECTION("and when the channel has ended in time nothing is wrong") {
    CHECK(find(looks.next(connected({"a", "b"}), judged, std::chrono::minutes(3)), name) ==
          nullptr);
  }
  SECTION("and one that the broker still lists after that time is past it") {
    const auto past = look(50, 9);
    CHECK(severity(past, name) == "warning");
    CHECK((*find(past, name))["message"].view().contains("none, past consumer_timeout"));
  }
  SECTION("and when it has ended after that time the broker was it") {
    (void)look(50, 5);
    const auto over = looks.next(connected({"a", "b"}), judged, std::chrono::minutes(3));
    CHECK(severity(over, name) == "error");
    CHECK((*find(over, name))["message"].view().starts_with("1 channel that held messages"));
    CHECK(find(looks.next(connected({"a", "b"}), judged, std::chrono::minutes(1)), name) ==
          nullptr);
  }
  SECTION("and a channel that was opened again under its name") {
    (void)look(50, 5);
    auto again = working(1, 0, 1);
    CHECK(severity(looks.next(again, judged, std::chrono::minutes(3)), name) == "error");
  }
  SECTION("but not of a set that is cut, nor where no timeout is known") {
    judged.cut = true;
    CHECK(find(look(50, 9), name) == nullptr);
    judged.cut = false;
    judged.timeout->after.reset();
    CHECK(find(look(60, 9), name) == nullptr);
  }
}

TEST_CASE("who is let in and takes nothing is cut by the default rules within a minute") {
  Looks looks;
  UserStats deaf;
  deaf.connections = {"a"};
  for (int look = 0; look < 4; ++look) CHECK(find(looks.next(deaf), "rabbit/idle") == nullptr);
  CHECK(severity(looks.next(deaf), "rabbit/idle") == "critical");
  SECTION("also one that comes and goes, and is gone when we look") {
    CHECK(severity(looks.next({}), "rabbit/idle") == "critical");
  }
  SECTION("but not one that is cut, or meant to take nothing, or has begun to") {
    CHECK(find(looks.next(deaf, of_two(true)), "rabbit/idle") == nullptr);
    auto publisher = of_two();
    publisher.takes = false;
    for (int look = 0; look < 6; ++look) {
      const auto seen = looks.next(deaf, publisher);
      CHECK(find(seen, "rabbit/idle") == nullptr);
      CHECK(find(seen, "rabbit/consumers") == nullptr);
    }
    CHECK(find(looks.next(connected({"a"})), "rabbit/idle") == nullptr);
  }
}

TEST_CASE("a healthy set that waits for its next try is not idle, whatever that takes") {
  Looks looks;
  (void)looks.next(connected({"a", "b"}));
  for (int look = 0; look < 10; ++look) CHECK(find(looks.next({}), "rabbit/idle") == nullptr);
  CHECK(find(looks.next(connected({"c", "d"})), "rabbit/idle") == nullptr);
}

TEST_CASE("who takes messages is not idle, although no consumer is there when we look") {
  Looks looks;
  const auto idle = [&](std::int64_t delivered, std::int64_t acknowledged) {
    auto user = working(delivered, acknowledged, delivered - acknowledged);
    user.connections = {"a"};
    user.consumers = user.working = 0;
    return find(looks.next(user), "rabbit/idle") != nullptr;
  };
  for (int look = 0; look < 8; ++look) CHECK_FALSE(idle(1, 0));         // one job, all the time
  for (int look = 2; look < 10; ++look) CHECK_FALSE(idle(look, look));  // one after the other
  for (int look = 0; look < 4; ++look) CHECK_FALSE(idle(9, 9));
  CHECK(idle(9, 9));
}

TEST_CASE("who never connects is told of by others") {
  Looks looks;
  for (int look = 0; look < 10; ++look) CHECK(find(looks.next({}), "rabbit/idle") == nullptr);
}

TEST_CASE("messages held without an acknowledgement grow from a warning to an error") {
  Looks looks;
  (void)looks.next(working(10, 0, 10));
  CHECK(find(looks.next(working(10, 0, 10), of_two(), std::chrono::minutes(4)), "rabbit/unacked") ==
        nullptr);
  const auto stuck = looks.next(working(10, 0, 10), of_two(), std::chrono::minutes(2));
  CHECK(severity(stuck, "rabbit/unacked") == "warning");
  CHECK((*find(stuck, "rabbit/work"))["rabbit"]["held_s"].as_int() == 360);
  CHECK(severity(looks.next(working(10, 0, 10), of_two(), std::chrono::minutes(9)),
                 "rabbit/unacked") == "error");
  CHECK(find(looks.next(working(10, 1, 9), of_two(), std::chrono::minutes(1)), "rabbit/unacked") ==
        nullptr);
}

TEST_CASE("dead letters are a set's own only while it is alone") {
  Looks looks;
  auto judged = of_two();
  judged.dead_letters = 5;
  (void)looks.next(working(1, 1, 0), judged);
  judged.dead_letters_before = 5;
  judged.dead_letters = 9;
  CHECK(find(looks.next(working(2, 2, 0), judged), "rabbit/dead-letters") == nullptr);
  judged.alone = true;
  CHECK(severity(looks.next(working(3, 3, 0), judged), "rabbit/dead-letters") == "warning");
}

TEST_CASE("queues that take dead letters are found by name and by binding") {
  ServiceConfig service;
  service.name = "thumbs";
  service.table = *Json::parse(R"({"rabbit":{"queues":{
    "jobs":{"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"graves"}},
    "more":{"arguments":{"x-dead-letter-exchange":"dlx"}},
    "graves":{},"pit":{"bindings":[{"exchange":"dlx","key":"#"}]},"other":{}},
    "exchanges":{"dlx":{"type":"topic"}}}})");
  CHECK(dead_letter_queues(service) == std::set<std::string>{"graves", "pit"});
}
