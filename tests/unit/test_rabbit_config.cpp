#include <catch2/catch.hpp>

#include "settings.hpp"
#include "support/show_result.hpp"
#include "support/test_host.hpp"
#include "topology.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

namespace {

struct Given {
  test::TempDir folder;
  Config config;
  Given() {
    config.file = folder.path() / "cdctl.toml";
    (void)write_file_atomically(folder.path() / "password", "geheim\nrest", 0600);
    config.table = Json::object({{"rabbit", Json::object({{"management", "http://rabbit:15672/"}, {"amqp", "amqps://rabbit"}, {"user", "cdctl"}, {"password_file", "password"}})}});
  }
  Json& table() { return *config.table.find("rabbit"); }
};

ServiceConfig service_with(Json rabbit) {
  ServiceConfig service;
  service.name = "thumbs";
  service.file = "services.d/thumbs.toml";
  service.table = Json::object({{"rabbit", std::move(rabbit)}});
  return service;
}

}  // namespace

TEST_CASE("the table of cdctl.toml is read, with its defaults") {
  Given given;
  const auto settings = read_settings(given.config);
  REQUIRE(settings);
  CHECK(settings->management == "http://rabbit:15672");
  CHECK(settings->amqp.tls);
  CHECK(settings->amqp.port == 5671);
  CHECK(settings->amqp.vhost == "/");
  CHECK(settings->password == "geheim");
  CHECK(settings->feed.max_age == "86400s");
  CHECK(settings->worker_url("thumbs-r0000000001", "p@/:") == "amqps://thumbs-r0000000001:p%40%2F%3A@rabbit:5671/%2F");
}

TEST_CASE("what is missing or wrong is named, and no secret with it") {
  Given given;
  const auto what = [&](const char* key, Json value) {
    Given other;
    other.table().set(key, std::move(value));
    const auto settings = read_settings(other.config);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().exit == ExitCode::config);
    CHECK_FALSE(settings.error().what.contains("geheim"));
    return settings.error().what;
  };
  CHECK(what("management", Json()).contains("add management ="));
  CHECK(what("management", "http://me:geheim@rabbit").contains("no credentials"));
  CHECK(what("management", "ftp://rabbit").contains("http://"));
  CHECK(what("amqp", "amqp://me:geheim@rabbit").contains("no credentials"));
  CHECK(what("amqp", "http://rabbit").contains("amqp://"));
  CHECK(what("amqp", "amqp://rabbit/other").contains("vhost"));
  CHECK(what("user", 5).contains("user"));
  CHECK(what("user", Json()).contains("add user"));
  CHECK(what("password_file", Json()).contains("password_env"));
  CHECK(what("feed_max_age", "soon").contains("feed_max_age"));
  CHECK(what("feed_max_bytes", -1).contains("feed_max_bytes"));
  Config none;
  const auto settings = read_settings(none);
  REQUIRE_FALSE(settings);
  CHECK(settings.error().exit == ExitCode::config);
  CHECK(settings.error().what.contains("[rabbit]"));
}

TEST_CASE("an AMQP address is read as clients write it") {
  CHECK(parse_amqp_url("amqp://h")->vhost == "/");
  CHECK(parse_amqp_url("amqp://h/")->vhost == "/");
  CHECK(parse_amqp_url("amqp://h/%2F")->vhost == "/");
  CHECK(parse_amqp_url("amqp://h/a%20b%2fc?heartbeat=5")->vhost == "a b/c");
  CHECK(parse_amqp_url("amqp://u:p%40@h:77/x")->password == "p@");
  CHECK(parse_amqp_url("amqp://u:p%40@h:77/x")->port == 77);
  CHECK(parse_amqp_url("amqps://[::1]")->shown() == "amqps://[::1]:5671");
  CHECK_FALSE(parse_amqp_url("amqp://h:99999"));
  CHECK_FALSE(parse_amqp_url("http://h"));
}

TEST_CASE("a service's queues, exchanges and limits are read") {
  const auto topology = read_topology(service_with(Json::object({
      {"queues", Json::object({{"in", Json::object({{"bindings", Json::array({Json::object({{"exchange", "x"}, {"key", "k"}})})}})},
                               {"s", Json::object({{"type", "stream"}, {"arguments", Json::object({{"x-max-age", "1h"}})}})}})},
      {"exchanges", Json::object({{"x", Json::object({{"type", "topic"}, {"durable", false}})}})},
      {"publish", Json::array({"", "x"})},
      {"max_connections", 9},
  })));
  REQUIRE(topology);
  CHECK(topology->queues.at("in").type == "quorum");
  CHECK(topology->queues.at("in").bindings.at(0).key == "k");
  CHECK(topology->queues.at("s").arguments["x-queue-type"].view() == "stream");
  CHECK_FALSE(topology->exchanges.at("x").durable);
  CHECK(topology->publish == std::vector<std::string>{"", "x"});
  CHECK(topology->max_connections == 9);
  CHECK(read_topology(service_with(Json()))->queues.empty());
}

TEST_CASE("a mistake in a service's file is named with the way to it") {
  const auto what = [](Json rabbit) {
    const auto topology = read_topology(service_with(std::move(rabbit)));
    REQUIRE_FALSE(topology);
    CHECK(topology.error().exit == ExitCode::config);
    CHECK(topology.error().what.contains("services.d/thumbs.toml"));
    return topology.error().what;
  };
  const auto queue = [&](Json value) { return what(Json::object({{"queues", Json::object({{"q", std::move(value)}})}})); };
  CHECK(queue(Json::object({{"typ", "quorum"}})).contains("did you mean type"));
  CHECK(queue(Json::object({{"type", "mirrored"}})).contains("queues.q.type"));
  CHECK(queue(Json::object({{"type", "quorum"}, {"durable", false}})).contains("always durable"));
  CHECK(queue(Json::object({{"arguments", Json::object({{"x-queue-type", "classic"}})}})).contains("x-queue-type"));
  CHECK(queue(Json::object({{"bindings", Json::array({Json::object({{"key", "k"}})})}})).contains("exchange"));
  CHECK(queue("quorum").contains("table"));
  CHECK(what(Json::object({{"max_connections", 0}})).contains("max_connections"));
  CHECK(what(Json::object({{"publish", "x"}})).contains("publish"));
  CHECK(what(Json::object({{"queues", Json::object({{"a\nb", Json::object()}})}})).contains("printable"));
}

TEST_CASE("names go into permissions letter by letter") {
  CHECK(exactly({}) == "^$");
  CHECK(exactly({"a.b", "c+(d)|e"}) == "^(?:a\\.b|c\\+\\(d\\)\\|e)\\z");
}
