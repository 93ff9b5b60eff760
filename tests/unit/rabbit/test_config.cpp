#include <catch2/catch.hpp>

#include "plugins/rabbit/broker/names.hpp"
#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/feed/merged_reader.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

namespace {

struct Given {
  test::TempDir folder;
  Config config;
  Given() {
    config.file = folder.path() / "cdctl.toml";
    (void)write_file_atomically(folder.path() / "password", "geheim\nrest", 0600);
    config.table = Json::object({{"rabbit", Json::object({{"management", "http://rabbit:15672/"},
                                                          {"amqp", "amqps://rabbit"},
                                                          {"user", "cdctl"},
                                                          {"password_file", "password"}})}});
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
  CHECK(settings->managements == std::vector<std::string>{"http://rabbit:15672"});
  CHECK(settings->amqp.tls);
  CHECK(settings->amqp.port == 5671);
  CHECK(settings->amqp.vhost == "/");
  CHECK(settings->password == "geheim");
  CHECK(settings->feed.max_age == "86400s");
  CHECK(settings->worker_url("thumbs-r0000000001", "p@/:") ==
        "amqps://thumbs-r0000000001:p%40%2F%3A@rabbit:5671/%2F");
}

TEST_CASE("a cluster has several addresses, and its workers are told of all") {
  Given given;
  given.table()
      .set("management", Json::array({"http://a:15672/", "https://b/rabbit/api"}))
      .set("amqp", Json::array({"amqp://a", "amqps://[::1]:7000"}))
      .set("ca_file", "ca.pem");
  const auto settings = read_settings(given.config);
  REQUIRE(settings);
  CHECK(settings->managements == std::vector<std::string>{"http://a:15672", "https://b/rabbit"});
  CHECK(settings->amqp.shown() == "amqp://a:5672");
  REQUIRE(settings->amqp.also.size() == 1);
  CHECK(settings->amqp.also.front().shown() == "amqps://[::1]:7000");
  const auto env = settings->worker_env("thumbs-r0000000001", "secret");
  CHECK(env.at("AMQP_URL") == "amqp://thumbs-r0000000001:secret@a:5672/%2F");
  CHECK(env.at("AMQP_NODES") == "amqp://a:5672,amqps://[::1]:7000");
  CHECK(env.at("AMQP_CA_FILE") == (given.folder.path() / "ca.pem").string());

  const auto refused = [&](const char* key, Json value) {
    Given other;
    other.table().set(key, std::move(value));
    const auto read = read_settings(other.config);
    return !read && read.error().exit == ExitCode::config;
  };
  CHECK(refused("management", Json::array()));
  CHECK(refused("management", Json::array({"http://a", 5})));
  CHECK(refused("amqp", Json::array({"amqp://a", "amqp://b/other"})));
  CHECK(refused("amqp", Json::array({"amqp://a", "amqp://me:geheim@b"})));
}

TEST_CASE("one address needs no list of nodes, and no certificate where there is no TLS") {
  Given given;
  given.table().set("amqp", "amqp://rabbit").set("ca_file", "ca.pem");
  CHECK(read_settings(given.config)->worker_env("thumbs-r0000000001", "x").size() == 1);
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
  CHECK(what("consumer_timeout", "soon").contains("consumer_timeout"));
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
      {"queues",
       Json::object({{"in", Json::object({{"bindings", Json::array({Json::object(
                                                           {{"exchange", "x"}, {"key", "k"}})})}})},
                     {"s", Json::object({{"type", "stream"},
                                         {"arguments", Json::object({{"x-max-age", "1h"}})}})}})},
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
  const auto queue = [&](Json value) {
    return what(Json::object({{"queues", Json::object({{"q", std::move(value)}})}}));
  };
  CHECK(queue(Json::object({{"typ", "quorum"}})).contains("did you mean type"));
  CHECK(queue(Json::object({{"type", "mirrored"}})).contains("queues.q.type"));
  CHECK(queue(Json::object({{"type", "quorum"}, {"durable", false}})).contains("always durable"));
  CHECK(queue(Json::object({{"arguments", Json::object({{"x-queue-type", "classic"}})}}))
            .contains("x-queue-type"));
  CHECK(queue(Json::object({{"bindings", Json::array({Json::object({{"key", "k"}})})}}))
            .contains("exchange"));
  CHECK(queue("quorum").contains("table"));
  CHECK(what(Json::object({{"max_connections", 0}})).contains("max_connections"));
  CHECK(what(Json::object({{"publish", "x"}})).contains("publish"));
  CHECK(what(Json::object({{"queues", Json::object({{"a\nb", Json::object()}})}}))
            .contains("printable"));
}

TEST_CASE("no queue has the name of an exchange, and none that is RabbitMQ's or ours") {
  const auto what = [](Json rabbit) {
    const auto service = service_with(std::move(rabbit));
    const auto topology = read_topology(service);
    REQUIRE(topology);
    const auto checked = check_names(service, *topology);
    if (checked) return std::string();
    CHECK(checked.error().exit == ExitCode::config);
    CHECK(checked.error().what.contains("services.d/thumbs.toml: [rabbit]"));
    return checked.error().what;
  };
  const auto queues = [](const char* name, Json queue = Json::object()) {
    return Json::object({{name, std::move(queue)}});
  };
  const auto dead = [](const char* where) {
    return Json::object({{"arguments", Json::object({{"x-dead-letter-exchange", where}})}});
  };
  CHECK(what(Json::object({{"queues", queues("mix")}, {"publish", Json::array({"mix"})}}))
            .contains("queues.mix: an exchange here has the same name"));
  CHECK(what(Json::object({{"queues", queues("mix")}, {"exchanges", queues("mix")}}))
            .contains("same name"));
  CHECK(what(Json::object({{"queues", queues("amq.topic")}})).contains("RabbitMQ's own"));
  CHECK(what(Json::object({{"queues", queues("cdctl.x")}})).contains("cdctl's own"));
  CHECK(what(Json::object({{"exchanges", queues("cdctl.x")}})).contains("cdctl's own"));
  CHECK(what(Json::object({{"publish", Json::array({"cdctl.signals.log"})}}))
            .contains("cdctl's own"));
  CHECK(what(Json::object({{"queues", queues("q", dead("cdctl.signals"))}}))
            .contains("x-dead-letter-exchange is cdctl.signals"));
  CHECK(what(Json::object(
                 {{"exchanges",
                   queues("e", Json::object({{"arguments", Json::object({{"alternate-exchange",
                                                                          "cdctl.signals"}})}}))}}))
            .contains("alternate-exchange is cdctl.signals"));
  CHECK(
      what(Json::object({{"queues", queues("q", dead("other"))},
                         {"publish", Json::array({"", "results", "amq.topic", "cdctl.signals"})}}))
          .empty());
}

TEST_CASE("names go into permissions letter by letter") {
  CHECK(exactly({}) == "^$");
  CHECK(exactly({"a.b", "c+(d)|e"}) == "^(?:a\\.b|c\\+\\(d\\)\\|e)\\z");
}

TEST_CASE("further brokers have tables of their own, and a service chooses among them") {
  Given given;
  auto second = Json::object({{"management", "http://second:15672"},
                              {"amqp", "amqp://second:5673"},
                              {"user", "cdctl"},
                              {"password_file", "password"},
                              {"vhost", "team"}});
  given.table().set("brokers", Json::object({{"second", second}}));
  CHECK(broker_names(given.config) == std::vector<std::string>{"default", "second"});
  CHECK(read_settings(given.config)->managements.front() == "http://rabbit:15672");
  const auto settings = read_settings(given.config, "second");
  REQUIRE(settings);
  CHECK(settings->broker == "second");
  CHECK(settings->amqp.port == 5673);
  CHECK(settings->amqp.vhost == "team");
  CHECK(*place_of(given.config, service_with(Json::object())) == BrokerPlace{"default", ""});
  CHECK(*place_of(given.config,
                  service_with(Json::object({{"broker", "second"}, {"vhost", "jobs"}}))) ==
        BrokerPlace{"second", "jobs"});

  const auto lost = place_of(given.config, service_with(Json::object({{"broker", "secund"}})));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().exit == ExitCode::config);
  CHECK(lost.error().what.contains("did you mean second?"));
  second.set("usr", "x");
  given.table().set("brokers", Json::object({{"second", second}}));
  const auto typo = read_settings(given.config, "second");
  REQUIRE_FALSE(typo);
  CHECK(typo.error().what.contains("[rabbit.brokers.second] usr: unknown key; did you mean user?"));
  CHECK(read_settings(given.config));  // one broker's slip is nobody else's
}

TEST_CASE("a configuration may name brokers and no default one") {
  Given given;
  given.config.table = Json::object(
      {{"rabbit", Json::object({{"brokers", Json::object({{"only", given.table()}})}})}});
  CHECK(broker_names(given.config) == std::vector<std::string>{"only"});
  CHECK(read_settings(given.config, "only"));
  const auto homeless = place_of(given.config, service_with(Json::object()));
  REQUIRE_FALSE(homeless);
  CHECK(homeless.error().what.contains("needs a broker, one of: only"));
}

TEST_CASE("a reader's position holds one for each place, and an old one is the default broker's") {
  const std::map<std::string, std::string> positions{
      {"default", "stream:12"}, {"second", "stream:7"}, {"second/%2Fteam", "stream:0"}};
  CHECK(write_positions(positions) == "streams: default=12 second=7 second/%2Fteam=0");
  CHECK(*read_positions(write_positions(positions)) == positions);
  CHECK(*read_positions("stream:12") ==
        std::map<std::string, std::string>{{"default", "stream:12"}});
  CHECK(write_positions({{"default", ""}}) ==
        "streams:");  // a place from which nothing has come yet
  CHECK(read_positions("streams:")->empty());
  CHECK_FALSE(read_positions("20261123T07:12"));
  CHECK_FALSE(read_positions("streams: second"));
}
