#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <thread>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/url.hpp>

#include "plugins/rabbit/feed/feed.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/memory_use.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Broker;
using cdctl::test::eventually;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

Json signal_of(const SetName& set, const std::string& name, Time time = now()) {
  return normal_signal(Json::object({{"set", set.str()},
                                     {"signal", name},
                                     {"severity", "error"},
                                     {"time", to_rfc3339(time)}}))
      .value();
}

std::vector<Json> signals_of(const SetName& set, int from, int to) {
  std::vector<Json> out;
  for (int i = from; i < to; ++i) out.push_back(signal_of(set, fmt::format("s{}", i)));
  return out;
}

/// Reads until the end, or until `count` came.
std::vector<std::string> names_from(FeedReader& reader, std::size_t count = 1'000'000) {
  std::vector<std::string> names;
  for (const auto deadline = soon();
       !reader.at_end() && names.size() < count && !deadline.passed();) {
    const auto got = reader.next(Millis(200));
    if (!got) {
      names.push_back("error: " + got.error().what);
      break;
    }
    for (const auto& signal : *got) names.push_back(signal["signal"].as_string());
  }
  return names;
}

std::vector<std::string> names(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back(fmt::format("s{}", i));
  return out;
}

/// All signals up to the end. Not in the head of a range-for: its temporaries do not live as long
/// as the loop.
std::vector<Json> all_from(FeedReader& reader) {
  std::vector<Json> all;
  while (!reader.at_end()) {
    const auto some = reader.next(Millis(500)).value();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

const Time k_long_ago = now() - std::chrono::hours(20);

}  // namespace

TEST_CASE("a replay gives everything that was there and then ends") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(
      feed.send(signals_of(set, 0, 1700), soon()));  // the feed is not there yet: sending makes it
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  REQUIRE(feed.send(signals_of(set, 1700, 1705), soon()));  // after the opening: not part of it
  CHECK(names_from(**reader) == names(0, 1700));
  CHECK((*reader)->at_end());
  SECTION("a cursor goes on after it") {
    auto next = feed.open({.since = {}, .cursor = (*reader)->cursor(), .follow = false}, soon());
    REQUIRE(next);
    CHECK(names_from(**next) == names(1700, 1705));
    auto last = feed.open({.since = {}, .cursor = (*next)->cursor(), .follow = false}, soon());
    REQUIRE(last);
    CHECK((*last)->at_end());
    CHECK((*last)->cursor() == (*next)->cursor());
  }
  SECTION("a cursor goes on and follows") {
    auto next = feed.open({.since = {}, .cursor = (*reader)->cursor(), .follow = true}, soon());
    REQUIRE(next);
    CHECK(names_from(**next, 5) == names(1700, 1705));
    REQUIRE(feed.send(signals_of(set, 1705, 1706), soon()));
    CHECK(names_from(**next, 1) == names(1705, 1706));
    CHECK_FALSE((*next)->at_end());
  }
}

TEST_CASE("an empty feed ends at once, every time") {
  Broker broker;
  RabbitFeed feed(broker.host());
  for (int i = 0; i < 3; ++i) {
    auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
    REQUIRE(reader);
    CHECK(names_from(**reader).empty());
    CHECK((*reader)->at_end());
  }
  auto nothing = feed.open({.since = {}, .cursor = "", .follow = false}, soon());
  REQUIRE(nothing);
  CHECK((*nothing)->at_end());
}

TEST_CASE("what was before the wanted time is left out, and a replay of nothing ends") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 3), soon()));
  const auto sent = now();
  auto later =
      feed.open({.since = sent + std::chrono::hours(1), .cursor = "", .follow = false}, soon());
  REQUIRE(later);
  CHECK(names_from(**later).size() <=
        3);  // a time to come counts as now, and the broker's second may hold them
  REQUIRE(eventually([&] { return now() > sent + std::chrono::milliseconds(2100); }));
  auto none = feed.open({.since = now(), .cursor = "", .follow = false}, soon());
  REQUIRE(none);
  CHECK(names_from(**none).empty());
  CHECK((*none)->at_end());
  REQUIRE(feed.send(signals_of(set, 3, 5), soon()));
  auto some = feed.open(
      {.since = sent + std::chrono::milliseconds(1100), .cursor = "", .follow = false}, soon());
  REQUIRE(some);
  CHECK(names_from(**some) == names(3, 5));
}

TEST_CASE("following gives what comes from now on, stamped by the reader's clock") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 3), soon()));
  auto reader = feed.open({.since = {}, .cursor = "", .follow = true}, soon());
  REQUIRE(reader);
  CHECK((*reader)->next(Millis(50)).value().empty());
  const Json liar[] = {signal_of(set, "liar", now() - std::chrono::hours(5))};
  REQUIRE(feed.send(liar, soon()));
  const auto got = (*reader)->next(Millis(5000));
  REQUIRE(got);
  REQUIRE(got->size() == 1);
  CHECK(now() - *parse_rfc3339((*got)[0]["received"].view()) < Millis(5000));
  CHECK((*got)[0]["time"] == liar[0]["time"]);
}

TEST_CASE("in a replay a signal's own time counts, but never the future") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto early = now() - std::chrono::hours(2);
  const Json two[] = {signal_of(set, "early", early),
                      signal_of(set, "late", now() + std::chrono::hours(9))};
  REQUIRE(feed.send(two, soon()));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  const auto got = (*reader)->next(Millis(5000));
  REQUIRE(got);
  REQUIRE(got->size() == 2);
  CHECK((*got)[0]["received"].view() == to_rfc3339(early));
  CHECK(*parse_rfc3339((*got)[1]["received"].view()) <= now());
}

TEST_CASE("a message that is no signal is reported and skipped, and both forms are read") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  const auto publish = [&](const std::string& body, Json properties = Json::object()) {
    properties.set("user_id", "guest");
    broker.must("POST", "/exchanges/" + broker.vhost() + "/cdctl.signals/publish",
                Json::object({{"properties", std::move(properties)},
                              {"routing_key", routing_key(signal_of(set, "any"))},
                              {"payload", body},
                              {"payload_encoding", "string"}}));
  };
  publish("{broken");
  publish(signal_of(set, "s1").dump());
  publish(R"({"set":"no set"})");
  const auto stamp = now() - std::chrono::minutes(3);
  publish(signal_of(set, "s2").dump(),
          Json::object({{"headers",
                         Json::object({{"timestamp_in_ms", stamp.time_since_epoch().count()}})}}));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  const auto all = all_from(**reader);
  REQUIRE(all.size() == 3);
  CHECK(all[2]["received"].view() == to_rfc3339(stamp));
  CHECK(broker.host().logged.size() == 2);
}

TEST_CASE(
    "signals of the same set and severity share messages, and all of them arrive in their order") {
  Broker broker;
  RabbitFeed feed(broker.host());
  std::vector<Json> mixed;
  for (int i = 0; i < 250; ++i)
    for (const int revision : {1, 2})
      mixed.push_back(signal_of(broker.set(revision), fmt::format("s{}", i)));
  mixed.push_back(signal_of(broker.set(1), std::string(60, 'x')));
  mixed.back().set("message",
                   std::string(150'000, 'm'));  // alone longer than a message is filled up to
  REQUIRE(feed.send(mixed, soon()));
  const auto messages =
      broker.must("GET", "/queues/" + broker.vhost() + "/cdctl.signals.log")["messages"].as_int();
  CHECK(messages < 10);
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  std::map<std::string, std::vector<std::string>> seen;
  for (const auto& signal : all_from(**reader))
    seen[signal["set"].as_string()].push_back(signal["signal"].as_string());
  auto expected = names(0, 250);
  CHECK(seen[broker.set(2).str()] == expected);
  expected.push_back(std::string(60, 'x'));
  CHECK(seen[broker.set(1).str()] == expected);
  CHECK(broker.host().logged.empty());
}

TEST_CASE("one signal of a batch that cannot be read leaves the others") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  const auto batch = Json::array({to_cloud_event(signal_of(set, "s1")), Json("no signal"),
                                  to_cloud_event(signal_of(set, "s2"))});
  broker.must("POST", "/exchanges/" + broker.vhost() + "/cdctl.signals/publish",
              Json::object({{"properties", Json::object({{"user_id", "guest"}})},
                            {"routing_key", routing_key(signal_of(set, "any"))},
                            {"payload", batch.dump()},
                            {"payload_encoding", "string"}}));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 3));
  CHECK(broker.host().logged.size() == 1);
}

TEST_CASE("the signals of a set stay in their order, whatever their severities") {
  Broker broker;
  RabbitFeed feed(broker.host());
  std::vector<Json> mixed = signals_of(broker.set(1), 0, 300);
  for (std::size_t i = 0; i < mixed.size(); ++i)
    if (i % 3 != 1) mixed[i].set("severity", i % 3 == 0 ? "info" : "warning");
  REQUIRE(feed.send(mixed, soon()));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 300));
}

TEST_CASE("whoever writes very much into a message gets one line, and holds nobody up") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  const auto publish = [&](const std::string& body) {
    broker.must("POST", "/exchanges/" + broker.vhost() + "/cdctl.signals/publish",
                Json::object({{"properties", Json::object({{"user_id", "guest"}})},
                              {"routing_key", routing_key(signal_of(set, "any"))},
                              {"payload", body},
                              {"payload_encoding", "string"}}));
  };
  std::string junk = "[1", wide = R"({"set":")" + set.str() + R"(","signal":"s1")";
  for (int i = 0; i < 50'000; ++i) junk += ",[]";
  for (int i = 0; i < 50'000; ++i) wide += fmt::format(R"(,"f{}":1)", i);
  publish(junk + "]");
  publish("[" + std::string(5u << 20, ' ') + signal_of(set, "too long").dump() + "]");
  publish("[]");
  publish(wide + "}");
  auto huge = signals_of(set, 2, 3);
  huge[0].set("message", std::string(5u << 20, 'x'));
  const auto refused = feed.send(huge, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::failed);
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 2));
  REQUIRE(broker.host().logged.size() == 2);
  CHECK(broker.host().logged[0].find("50001 of 50001 signals in message 1 of the feed cannot be "
                                     "used: a signal must be a JSON object; skipped") !=
        std::string::npos);
  CHECK(broker.host().logged[1].find("bytes, more than 1048576; skipped") != std::string::npos);
}

namespace {

/// Signals of a set with a body of `size` bytes each, a message each.
void publish_large(Broker& broker, const SetName& set, int from, int to, std::size_t size) {
  auto address = parse_amqp_url(
      fmt::format("amqp://guest:guest@127.0.0.1:{}/{}", broker.port(), broker.vhost()));
  REQUIRE(address);
  auto link = (*amqp_driver())->connect(*address, soon());
  REQUIRE(link);
  for (int i = from; i < to; ++i) {
    auto signal = signal_of(set, fmt::format("s{}", i));
    signal.set("message", std::string(size - signal.dump().size() - 13, 'x'));
    const Publication message{.exchange = k_signals,
                              .routing_key = routing_key(signal),
                              .message_id = {},
                              .content_type = "application/json",
                              .body = signal.dump(),
                              .type = {}};
    REQUIRE((*link)->publish(std::span(&message, 1), Deadline(Millis(60'000))));
  }
}

}  // namespace

TEST_CASE("what a worker writes into the feed costs its readers little memory") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  SECTION("much in each message: its length is announced, and nothing of it is kept") {
    publish_large(broker, set, 100, 116, 15u << 20);  // RabbitMQ 4 takes 16 MiB at most
    REQUIRE(feed.send(signals_of(set, 1, 2), soon()));
    std::vector<std::string> got;
    CHECK(test::peak_growth([&] {
            auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
            REQUIRE(reader);
            got = names_from(**reader);
          }) < 8);
    CHECK(got == names(0, 2));
    REQUIRE(broker.host().logged.size() == 16);
    CHECK(broker.host().logged[0].contains("it has 15728640 bytes, more than 1048576; skipped"));
  }
  SECTION("many messages that are just short enough: those beyond a bound are asked for again") {
    publish_large(broker, set, 1, 81, (1u << 20) - 8);
    REQUIRE(feed.send(signals_of(set, 81, 82), soon()));
    const auto give = [&](FeedQuery query, std::size_t count = 1'000'000) {
      std::vector<std::string> got;
      // Eight that wait, as many that came early, and a batch as text and as values
      CHECK(test::peak_growth([&] {
              auto reader = feed.open(query, soon());
              REQUIRE(reader);
              got = names_from(**reader, count);
            }) < 40);
      return got;
    };
    CHECK(give({.since = k_long_ago, .cursor = "", .follow = false}) == names(0, 82));
    CHECK(give({.since = k_long_ago, .cursor = "", .follow = true}, 82) == names(0, 82));
    CHECK(give({.since = {}, .cursor = "stream:1", .follow = false}) == names(2, 82));
    CHECK(give({.since = k_long_ago, .cursor = "stream:40", .follow = true}, 82) == names(0, 82));
  }
}

TEST_CASE("a worker that speaks of another set is not heard") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1), other = broker.set(2);
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  RabbitFeed feed(broker.host());
  REQUIRE(feed.send(signals_of(other, 0, 1), soon()));
  auto* driver = amqp_driver().value();
  auto link = driver->connect(parse_amqp_url(env->at("AMQP_URL")).value(), soon());
  REQUIRE(link);
  const auto lie = to_cloud_event(signal_of(other, "s1")).dump(),
             truth = to_cloud_event(signal_of(set, "s1")).dump();
  const Publication both[] = {{.exchange = "cdctl.signals",
                               .routing_key = routing_key(signal_of(set, "any")),
                               .message_id = new_id(),
                               .content_type = "application/cloudevents+json",
                               .body = lie,
                               .type = {}},
                              {.exchange = "cdctl.signals",
                               .routing_key = routing_key(signal_of(set, "any")),
                               .message_id = new_id(),
                               .content_type = "application/cloudevents+json",
                               .body = truth,
                               .type = {}}};
  REQUIRE((*link)->publish(both, soon()));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  std::vector<std::string> whose;
  for (const auto& signal : all_from(**reader)) whose.push_back(signal["set"].as_string());
  CHECK(whose == std::vector<std::string>{other.str(), set.str()});
  REQUIRE(broker.host().logged.size() == 1);
  CHECK(broker.host().logged[0].find("speaks of " + other.str()) != std::string::npos);
}

namespace {

Publication message_of(const Json& signal, const std::string& exchange, const std::string& key) {
  return {.exchange = exchange,
          .routing_key = key,
          .message_id = new_id(),
          .content_type = "application/cloudevents+json",
          .body = to_cloud_event(signal).dump(),
          .type = {}};
}

Result<> publish_as(const std::string& url, const Publication& message) {
  auto link = amqp_driver().value()->connect(parse_amqp_url(url).value(), soon());
  if (!link) return fail(link.error());
  return (*link)->publish(std::span(&message, 1), soon());
}

/// What a client publishes over the management API, which adds no user_id by itself.
void publish_over_http(Broker& broker, const std::string& exchange, const Json& signal,
                       Json properties = Json::object()) {
  const auto answer =
      broker.must("POST", "/exchanges/" + broker.vhost() + "/" + exchange + "/publish",
                  Json::object({{"properties", std::move(properties)},
                                {"routing_key", routing_key(signal)},
                                {"payload", to_cloud_event(signal).dump()},
                                {"payload_encoding", "string"}}));
  REQUIRE(answer["routed"].as_bool());
}

/// What everybody hears, after what the broker still carries has come.
std::vector<std::string> heard(RabbitFeed& feed) {
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  return names_from(**reader);
}

}  // namespace

TEST_CASE("whoever may bind an exchange of the name of its queue speaks for itself alone") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  RabbitFeed feed(broker.host());
  const auto mixed = broker.set(1), victim = broker.set(2);
  const auto env = rabbit.provision(broker.queue_service(), mixed, "secret", soon());
  REQUIRE(env);
  // As a deploy left it that did not refuse the one name: the worker can make this binding.
  broker.must("PUT", "/exchanges/" + broker.vhost() + "/mix", Json::object({{"type", "topic"}}));
  broker.must("POST", "/bindings/" + broker.vhost() + "/e/mix/e/cdctl.signals",
              Json::object({{"routing_key", "#"}}));
  broker.must("PUT", "/permissions/" + broker.vhost() + "/" + mixed.str(),
              Json::object({{"configure", "^$"},
                            {"write", "^(?:mix|cdctl\\.signals|" + broker.queue() + ")\\z"},
                            {"read", "^(?:mix)\\z"}}));
  const auto url = env->at("AMQP_URL");
  const auto lie = signal_of(victim, "lie");
  REQUIRE(publish_as(url, message_of(lie, "mix", routing_key(lie))));
  // Its own key on the message, the other's name in the body; and the other way round.
  REQUIRE(publish_as(url, message_of(lie, "cdctl.signals", routing_key(signal_of(mixed, "x")))));
  CHECK_FALSE(publish_as(url, message_of(lie, "cdctl.signals", routing_key(lie))));
  publish_over_http(broker, "mix", lie, Json::object({{"user_id", "guest"}}));
  const auto truth = signal_of(mixed, "truth");
  REQUIRE(publish_as(url, message_of(truth, "cdctl.signals", routing_key(truth))));
  CHECK(heard(feed) == std::vector<std::string>{"truth"});
  const auto& logged = broker.host().logged;
  REQUIRE(logged.size() == 2);  // one line for each kind, whatever their number
  CHECK(logged[0].contains("speaks of " + victim.str() + " under the routing key"));
  CHECK(logged[1].contains("was published to the exchange 'mix'"));
  CHECK(logged[1].contains("and 1 message like it"));
  SECTION("the next deploy removes the binding") {
    REQUIRE(rabbit.provision(broker.queue_service(), victim, "secret", soon()));
    CHECK(broker.must("GET", "/exchanges/" + broker.vhost() + "/cdctl.signals/bindings/destination")
              .items()
              .empty());
  }
  SECTION("it does not outlive the reap") {
    REQUIRE(rabbit.retire(mixed, soon()));
    CHECK(broker.must("GET", "/exchanges/" + broker.vhost() + "/cdctl.signals/bindings/destination")
              .items()
              .empty());
    REQUIRE(rabbit.retire(mixed, soon()));
  }
}

TEST_CASE("no other way into the feed makes a signal") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  const auto own = signal_of(set, "own");
  const auto at = "/" + broker.vhost() + "/";
  // An alternate exchange: no topic permission is asked for it.
  broker.must(
      "PUT", "/exchanges" + at + "alt",
      Json::object({{"type", "direct"},
                    {"arguments", Json::object({{"alternate-exchange", "cdctl.signals"}})}}));
  publish_over_http(broker, "alt", own, Json::object({{"user_id", "guest"}}));
  // The default exchange, straight into the stream.
  REQUIRE(publish_as(env->at("AMQP_URL"), message_of(own, "", "cdctl.signals.log")));
  // A dead letter keeps the user_id of who published it first, and its queue chooses the key.
  broker.must(
      "PUT", "/queues" + at + "dead",
      Json::object({{"arguments", Json::object({{"x-dead-letter-exchange", "cdctl.signals"},
                                                {"x-dead-letter-routing-key", routing_key(own)},
                                                {"x-message-ttl", 1}})}}));
  broker.must("PUT", "/queues" + at + "spy", Json::object());
  broker.must("POST", "/bindings" + at + "e/cdctl.signals/q/spy",
              Json::object({{"routing_key", routing_key(own)}}));
  REQUIRE(publish_as("amqp://guest:guest@127.0.0.1:" + broker.port() + "/" + broker.vhost(),
                     message_of(own, "", "dead")));
  REQUIRE(eventually([&] {
    return !broker
                .must("POST", "/queues" + at + "spy/get",
                      Json::object(
                          {{"count", 10}, {"ackmode", "ack_requeue_true"}, {"encoding", "auto"}}))
                .items()
                .empty();
  }));
  // And who says nothing of itself.
  publish_over_http(broker, "cdctl.signals", own);
  CHECK(heard(feed).empty());
  const auto& logged = broker.host().logged;
  CHECK(std::ranges::any_of(logged,
                            [](const auto& line) { return line.contains("exchange 'alt'"); }));
  CHECK(std::ranges::any_of(
      logged, [](const auto& line) { return line.contains("does not say who sent it"); }));
}

TEST_CASE("an operator speaks for every set, another administrator when it is named") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto other = "ops-" + set.service;
  broker.must("PUT", "/users/" + other,
              Json::object({{"password", "secret"}, {"tags", "administrator"}}));
  broker.must("PUT", "/permissions/" + broker.vhost() + "/" + other,
              Json::object({{"configure", ".*"}, {"write", ".*"}, {"read", ".*"}}));
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  const auto theirs = signal_of(set, "s1");
  REQUIRE(publish_as(
      fmt::format("amqp://{}:secret@127.0.0.1:{}/{}", other, broker.port(), broker.vhost()),
      message_of(theirs, "cdctl.signals", routing_key(theirs))));
  CHECK(heard(feed) == names(0, 1));
  REQUIRE(broker.host().logged.size() == 1);
  CHECK(broker.host().logged[0].contains("the user " + other + " speaks of " + set.str()));
  CHECK(broker.host().logged[0].contains("[rabbit] operators"));
  broker.table().set("operators", Json::array({other}));
  RabbitFeed knowing(broker.host());
  CHECK(heard(knowing) == names(0, 2));
  broker.must("DELETE", "/users/" + other);
}

TEST_CASE("a follower tells of what it does not hear at once, and then ever more rarely") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  auto reader = feed.open({.since = {}, .cursor = "", .follow = true}, soon());
  REQUIRE(reader);
  for (int i = 0; i < 12; ++i) publish_over_http(broker, "cdctl.signals", signal_of(set, "mute"));
  REQUIRE(feed.send(signals_of(set, 1, 2), soon()));
  CHECK(names_from(**reader, 1) == names(1, 2));
  REQUIRE(broker.host().logged.size() == 2);
  CHECK(broker.host().logged[1].contains("and 9 messages like it"));
  reader->reset();
  REQUIRE(broker.host().logged.size() == 3);
  CHECK(broker.host().logged[2].contains("and 11 messages like it"));
}

TEST_CASE("a cursor of a feed that was made anew starts over and says so") {
  Broker broker;
  RabbitFeed feed(broker.host());
  REQUIRE(feed.send(signals_of(broker.set(1), 0, 2), soon()));
  auto reader = feed.open({.since = {}, .cursor = "stream:900", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 2));
  CHECK(broker.host().logged.size() == 1);
  // Of another broker: its number says nothing here, however many messages there are.
  const auto moved =
      feed.open({.since = {}, .cursor = "stream:0@12345678", .follow = false}, soon());
  REQUIRE(moved);
  CHECK(names_from(**moved) == names(0, 2));
  CHECK(broker.host().logged.size() == 2);
  const auto nonsense = feed.open({.since = {}, .cursor = "spool:1", .follow = false}, soon());
  CHECK_FALSE(nonsense);
}

TEST_CASE("a worker sends with its own URL and without any configuration") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1), other = broker.set(2);
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  test::TestHost bare(broker.folder());
  RabbitFeed worker(bare);
  ::setenv("AMQP_URL", env->at("AMQP_URL").c_str(), 1);
  ::setenv("CDCTL_SET", set.str().c_str(), 1);
  const auto sent = worker.send(signals_of(set, 0, 2), soon());
  const auto foreign = worker.send(signals_of(other, 0, 1), soon());
  REQUIRE(rabbit.cut(set, "x", soon()));
  const auto cut = worker.send(signals_of(set, 2, 3), soon());
  ::unsetenv("AMQP_URL");
  ::unsetenv("CDCTL_SET");
  CHECK(sent);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().what.contains("403"));
  REQUIRE_FALSE(cut);
  CHECK(cut.error().what.contains("limit (0)"));
  CHECK_FALSE(cut.error().what.contains("secret"));
  const auto lost = worker.send(signals_of(set, 0, 1), soon());
  REQUIRE_FALSE(lost);
  CHECK(lost.error().exit == ExitCode::config);
  RabbitFeed feed(broker.host());
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 2));
}

TEST_CASE("a signal that no queue takes is an error, and sending mends the binding") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 1), soon()));
  broker.must("DELETE", "/bindings/" + broker.vhost() + "/e/cdctl.signals/q/cdctl.signals.log/%23");
  CHECK(feed.send(signals_of(set, 1, 2), soon()));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader) == names(0, 2));
}

TEST_CASE("a reader whose broker connection is closed says so and goes on with its cursor") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  REQUIRE(feed.send(signals_of(set, 0, 2), soon()));
  auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = true}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader, 2) == names(0, 2));
  REQUIRE(eventually([&] {
    bool closed = false;
    const auto rows = broker.must("GET", "/connections?disable_stats=true");
    for (const auto& row : rows.items()) {
      if (row["vhost"].view() == broker.vhost())
        closed =
            broker.api("DELETE", "/connections/" + url_encode(row["name"].view())).first == 204 ||
            closed;
    }
    return closed;
  }));
  Result<std::vector<Json>> got = (*reader)->next(Millis(5000));
  REQUIRE_FALSE(got);
  CHECK(got.error().exit == ExitCode::unknown);
  REQUIRE(feed.send(signals_of(set, 2, 3), soon()));
  auto again = feed.open({.since = {}, .cursor = (*reader)->cursor(), .follow = true}, soon());
  REQUIRE(again);
  CHECK(names_from(**again, 1) == names(2, 3));
}

TEST_CASE("a stop request ends a reader's wait") {
  Broker broker;
  RabbitFeed feed(broker.host());
  REQUIRE(feed.send(signals_of(broker.set(1), 0, 1), soon()));
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Stop::install();
    test::TestHost host(broker.folder());
    host.config_value = broker.host().config_value;
    auto reader = RabbitFeed(host).open({.since = {}, .cursor = "", .follow = true}, soon());
    (void)!::write(told[1], "r", 1);
    const auto got = reader ? (*reader)->next(Millis(60'000))
                            : Result<std::vector<Json>>(std::unexpected(reader.error()));
    (void)!::write(told[1], got && got->empty() && Stop::requested() ? "y" : "n", 1);
    ::_exit(0);
  }
  char answer = 0;
  REQUIRE(::read(told[0], &answer, 1) == 1);
  ::kill(child, SIGTERM);
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(::read(told[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  CHECK(std::chrono::steady_clock::now() - begun < Millis(5000));
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("sending a signal takes milliseconds", "[.][measure]") {
  Broker broker;
  RabbitFeed feed(broker.host());
  REQUIRE(feed.send(signals_of(broker.set(1), 0, 1), soon()));
  for (int i = 0; i < 10; ++i) {
    auto begun = std::chrono::steady_clock::now();
    const auto lap = [&] {
      const auto at = std::chrono::steady_clock::now();
      return std::chrono::duration<double, std::milli>(at - std::exchange(begun, at)).count();
    };
    REQUIRE(feed.send(signals_of(broker.set(1), 0, 1), soon()));
    const auto send = lap();
    auto reader = feed.open({.since = k_long_ago, .cursor = "", .follow = false}, soon());
    REQUIRE(reader);
    const auto open = lap();
    names_from(**reader);
    fmt::print("send {:.1f} ms, open {:.1f} ms, read {:.1f} ms\n", send, open, lap());
  }
}

TEST_CASE("a follower has a position from its start on, also in an empty feed") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto position = [&] {
    auto reader = feed.open({.since = {}, .cursor = "", .follow = true}, soon());
    REQUIRE(reader);
    return (*reader)->cursor();
  };
  const auto empty = position();
  REQUIRE_FALSE(empty.empty());
  REQUIRE(feed.send(signals_of(set, 0, 3), soon()));
  const auto later = position();
  REQUIRE(feed.send(signals_of(set, 3, 5), soon()));
  auto reader = feed.open({.since = {}, .cursor = empty, .follow = true}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader, 5) == names(0, 5));
  reader = feed.open({.since = {}, .cursor = later, .follow = true}, soon());
  REQUIRE(reader);
  CHECK(names_from(**reader, 2) == names(3, 5));
}

TEST_CASE("who looks back is given again what was before its position, and marked so") {
  Broker broker;
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto read = [&](std::string cursor, Millis look_back, std::size_t count) {
    auto reader = feed.open(
        {.since = now() - look_back, .cursor = std::move(cursor), .follow = true}, soon());
    REQUIRE(reader);
    std::vector<std::string> out;
    for (const auto deadline = soon(); out.size() < count && !deadline.passed();) {
      const auto batch = (*reader)->next(Millis(200)).value();
      for (const auto& signal : batch)
        out.push_back(signal["signal"].as_string() + (signal["replayed"].as_bool() ? "-" : ""));
    }
    return std::pair(out, (*reader)->cursor());
  };
  using Names = std::vector<std::string>;
  // Signals of several messages, so that the position lies between two of them.
  for (int i = 0; i < 3; ++i) REQUIRE(feed.send(signals_of(set, i, i + 1), soon()));
  auto follower = feed.open({.since = {}, .cursor = "", .follow = true}, soon());
  REQUIRE(follower);
  const auto from = (*follower)->cursor();
  const auto hour = std::chrono::hours(1);
  CHECK(read(from, hour, 3) == std::pair(Names{"s0-", "s1-", "s2-"}, from));
  REQUIRE(feed.send(signals_of(set, 3, 4), soon()));
  const auto [all, after] = read(from, hour, 4);
  CHECK(all == Names{"s0-", "s1-", "s2-", "s3"});
  CHECK(after != from);
  // A position that is older than what is asked for: nothing after it is left out.
  REQUIRE(eventually([sent = now()] { return now() > sent + Millis(2100); }));
  REQUIRE(feed.send(signals_of(set, 4, 5), soon()));
  CHECK(read(from, Millis(1000), 2).first == Names{"s3", "s4"});
  REQUIRE(eventually([sent = now()] { return now() > sent + Millis(2100); }));
  CHECK(read(from, Millis(1), 2).first == Names{"s3", "s4"});
  CHECK(broker.host().logged.empty());
}
