#include <catch2/catch.hpp>

#include "plugins/rabbit/broker/brokers.hpp"
#include "plugins/rabbit/doctor_checks.hpp"
#include "tests/support/rabbit_broker.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Broker;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

Check timeout_of(Broker& broker, const ServiceConfig& service) {
  Brokers brokers(broker.host());
  const auto management = brokers.of(service);
  REQUIRE(management);
  return consumer_timeout_check(**management, service, soon());
}

Version version_of(Broker& broker) {
  return *parse_version(broker.must("GET", "/overview")["rabbitmq_version"].view());
}

ServiceConfig with_queue(Broker& broker, Json queue) {
  return broker.service(Json::object({{"queues", Json::object({{"q", std::move(queue)}})}}));
}

}  // namespace

TEST_CASE("doctor knows how long a worker may hold a message") {
  Broker broker;
  auto service = with_queue(broker, Json::object());
  const auto usual = timeout_of(broker, service);
  CHECK(usual.state == Check::State::ok);
  CHECK(usual.found.contains("30m for q ([rabbit] consumer_timeout)"));
  service.stop_timeouts["worker"] = {std::chrono::hours(1), true};
  const auto longer = timeout_of(broker, service);
  CHECK(longer.state == Check::State::warning);
  CHECK(longer.found.contains("units get 1h"));
  SECTION("by what rabbitmq.conf says, as cdctl.toml repeats it") {
    broker.table().set("consumer_timeout", "2h");
    CHECK(timeout_of(broker, service).state == Check::State::ok);
    broker.table().set("consumer_timeout", "0s");
    CHECK(timeout_of(broker, service).found.contains("no end for q"));
  }
  SECTION("by a policy or an argument, where the broker knows them") {
    const bool knows = version_of(broker) >= k_timeout_by_queue;
    broker.must("PUT", "/policies/" + broker.vhost() + "/p",
                Json::object({{"pattern", "^q$"},
                              {"apply-to", "queues"},
                              {"definition", Json::object({{"max-length", 9}})}}));
    if (knows)
      broker.must("PUT", "/policies/" + broker.vhost() + "/p",
                  Json::object({{"pattern", "^q$"},
                                {"apply-to", "queues"},
                                {"definition", Json::object({{"consumer-timeout", 7'200'000}})}}));
    CHECK((timeout_of(broker, service).state == Check::State::ok) == knows);
    auto own = with_queue(
        broker, Json::object({{"arguments", Json::object({{"x-consumer-timeout", 90'000}})}}));
    CHECK(timeout_of(broker, own)
              .found.contains(knows ? "1m30s for q (x-consumer-timeout)" : "30m for q"));
  }
}

TEST_CASE("doctor names what a later RabbitMQ refuses") {
  Broker broker;
  const auto service = with_queue(broker, Json::object({{"type", "classic"}, {"durable", false}}));
  Brokers brokers(broker.host());
  const auto management = brokers.of(service);
  REQUIRE(management);
  // Another test may use such a thing on the broker meanwhile.
  const auto with = deprecated_check(**management, {&service}, soon());
  INFO(with.found);
  CHECK(with.state == Check::State::warning);
  CHECK(with.found.contains("the queue q of " + service.name + " is not durable"));
  CHECK_FALSE(with.found.contains("management_metrics_collection"));
  if (version_of(broker) >= k_limits_by_default) return;  // it takes no such policy
  broker.must(
      "PUT", "/policies/" + broker.vhost() + "/mirrored",
      Json::object({{"pattern", "^none$"}, {"definition", Json::object({{"ha-mode", "all"}})}}));
  CHECK(deprecated_check(**management, {}, soon())
            .found.contains("the policy mirrored of " + broker.vhost() + " mirrors"));
}

TEST_CASE("doctor sees the features that RabbitMQ says are used") {
  Broker broker;
  if (version_of(broker) < k_tells_deprecated) return;
  const auto service = with_queue(broker, Json::object());
  broker.must("PUT", "/queues/" + broker.vhost() + "/fleeting", Json::object({{"durable", false}}));
  Brokers brokers(broker.host());
  const auto management = brokers.of(service);
  REQUIRE(management);
  CHECK(deprecated_check(**management, {&service}, soon())
            .found.contains("queues that are neither durable nor exclusive"));
}

TEST_CASE("doctor says where a cut does not hold who reads a stream") {
  const auto broker = [](const char* version, const char* protocol) {
    return Json::object({{"rabbitmq_version", version},
                         {"listeners", Json::array({Json::object({{"protocol", "amqp"}}),
                                                    Json::object({{"protocol", protocol}})})}});
  };
  ServiceConfig plain, streams;
  streams.name = "thumbs";
  streams.table = *Json::parse(R"({"rabbit":{"queues":{"log":{"type":"stream"}}}})");
  CHECK_FALSE(stream_check(broker("3.10.8", "stream"), {&plain}));
  const auto held = [&](const Json& overview) {
    return stream_check(overview, {&plain, &streams});
  };
  const auto open = held(broker("3.10.8", "stream/ssl"));
  REQUIRE(open);
  CHECK(open->state == Check::State::warning);
  CHECK(open->found.contains("log of thumbs"));
  CHECK(held(broker("3.10.8", "http"))->state == Check::State::ok);
  CHECK(held(broker("4.3.0", "stream"))->state == Check::State::ok);
}
