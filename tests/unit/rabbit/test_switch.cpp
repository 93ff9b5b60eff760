#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/signal.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Broker;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

Result<std::unique_ptr<AmqpLink>> connect_as(const std::string& url) {
  const auto address = parse_amqp_url(url);
  return (*amqp_driver())->connect(*address, soon());
}

Result<> publish_as(const std::string& url, const std::string& exchange, const std::string& key) {
  auto link = connect_as(url);
  if (!link) return fail(link.error());
  const Publication message{.exchange = exchange,
                            .routing_key = key,
                            .message_id = new_id(),
                            .content_type = "text/plain",
                            .body = "x",
                            .type = {}};
  return (*link)->publish(std::span(&message, 1), soon());
}

Json queue_table(const std::string& name, Json queue) {
  return Json::object({{"queues", Json::object({{name, std::move(queue)}})}});
}

}  // namespace

TEST_CASE("a provisioned set gets a URL that lets it in") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  const auto env = rabbit.provision(broker.queue_service(), set, "p w/ö@:%", soon());
  REQUIRE(env);
  const auto url = env->at("AMQP_URL");
  CHECK(url.starts_with("amqp://" + set.str() + ":p%20w%2F"));
  CHECK(url.ends_with("/" + broker.vhost()));
  CHECK(connect_as(url));
  CHECK(publish_as(url, "", broker.queue()));
  CHECK(broker.must("GET", "/users/" + set.str())["tags"] == Json::array({"cdctl"}));
  SECTION("twice with the same secret changes nothing") {
    REQUIRE(rabbit.provision(broker.queue_service(), set, "p w/ö@:%", soon()));
    CHECK(connect_as(url));
  }
  SECTION("its tag grants nothing in the management API") {
    CHECK(broker.api("GET", "/whoami", {}, set.str(), "p w/ö@:%").first == 401);
    CHECK(broker.api("GET", "/global-parameters", {}, set.str(), "p w/ö@:%").first == 401);
  }
}

TEST_CASE("the vhost / is written out in the URL") {
  Broker broker;
  broker.table().set("vhost", "/");
  const auto settings = read_settings(broker.host().config());
  REQUIRE(settings);
  const auto url = settings->worker_url("guest", "guest");
  CHECK(url.ends_with("/%2F"));
  CHECK(connect_as(url));
}

TEST_CASE("a set's user may do what its service says and nothing else") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1), other = broker.set(2);
  const auto name = broker.queue();
  auto service = broker.service(Json::object(
      {{"queues", Json::object({{name, Json::object({{"bindings", Json::array({Json::object(
                                                                      {{"exchange", name + ".in"},
                                                                       {"key", "k"}})})}})}})},
       {"exchanges", Json::object({{name + ".in", Json::object()},
                                   {name + ".out", Json::object({{"type", "fanout"}})}})},
       {"publish", Json::array({name + ".out"})}}));
  const auto env = rabbit.provision(service, set, "secret", soon());
  REQUIRE(env);
  REQUIRE(rabbit.provision(service, other, "secret", soon()));
  const auto& url = env->at("AMQP_URL");
  broker.must("PUT", "/queues/" + broker.vhost() + "/x" + name, Json::object());
  broker.must("PUT", "/queues/" + broker.vhost() + "/sink", Json::object());
  broker.must("POST", "/bindings/" + broker.vhost() + "/e/" + name + ".out/q/sink", Json::object());
  const auto forbidden = [](const Result<>& result) {
    return !result && result.error().what.contains("403");
  };

  CHECK(publish_as(url, name + ".out", "any"));
  CHECK(publish_as(url, k_signals, set.service + "." + set.revision + ".error"));
  CHECK(forbidden(publish_as(url, k_signals, other.service + "." + other.revision + ".error")));
  CHECK(forbidden(publish_as(url, k_signals, "x" + set.service + "." + set.revision + ".error")));
  CHECK(forbidden(publish_as(url, k_signals, set.service + "." + set.revision + "0.error")));
  CHECK(forbidden(publish_as(url, "", name)));
  CHECK(forbidden(publish_as(url, name + ".in", "k")));
  CHECK(forbidden(publish_as(url, "amq.topic", "k")));
  const auto consumes = [&](const std::string& queue) {
    auto link = connect_as(url);
    REQUIRE(link);
    return (*link)->consume(queue, "c", 1, {}, soon());
  };
  CHECK(forbidden(consumes("x" + name)));
  CHECK(forbidden(consumes(k_signals_log)));
  const auto own = consumes(
      name);  // this consumer asks for a stream: past the permission, the quorum queue says no
  CHECK((!own && own.error().what.contains("406")));
  auto link = connect_as(url);
  REQUIRE(link);
  const auto declared = (*link)->take_exclusive("mine", soon());
  CHECK((!declared && declared.error().what.contains("403")));
}

TEST_CASE("provisioning again repairs a user and keeps its cut and its limit") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  auto service = broker.queue_service();
  service.table.find("rabbit")->set("max_connections", 7);
  REQUIRE(rabbit.provision(service, set, "old", soon()));
  CHECK(broker.limit(set) == 7);
  broker.must("PUT", "/permissions/" + broker.vhost() + "/" + set.str(),
              Json::object({{"configure", ".*"}, {"write", ".*"}, {"read", ".*"}}));
  SECTION("uncut") {
    const auto env = rabbit.provision(service, set, "new", soon());
    REQUIRE(env);
    CHECK(broker.limit(set) == 7);
    CHECK(connect_as(env->at("AMQP_URL")));
    const auto permissions = broker.must("GET", "/permissions/" + broker.vhost() + "/" + set.str());
    CHECK(permissions["configure"].view() == "^$");
    CHECK(permissions["read"].view() == "^(?:" + broker.queue() + ")\\z");
    CHECK(broker.must("GET", "/users/" + set.str() + "/topic-permissions").items().size() == 1);
  }
  SECTION("cut") {
    REQUIRE(rabbit.cut(set, "bad", soon()));
    const auto env = rabbit.provision(service, set, "new", soon());
    REQUIRE(env);
    CHECK(broker.limit(set) == 0);
    const auto refused = connect_as(env->at("AMQP_URL"));
    CHECK((!refused && refused.error().what.contains("connection limit (0)")));
    REQUIRE(rabbit.mend(set, 7, soon()));
    CHECK(broker.limit(set) == 7);
    CHECK(connect_as(env->at("AMQP_URL")));
  }
}

TEST_CASE("rights that somebody changed are told, and given again") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  const auto service = broker.queue_service();
  REQUIRE(rabbit.provision(service, set, "secret", soon()));
  const auto wrong = [&](bool as_filed = true, const ServiceConfig* file = nullptr) {
    const Provisioned one{file ? file : &service, set, as_filed};
    const auto found = rabbit.wrong_rights(std::span(&one, 1), soon());
    REQUIRE(found);
    return found->contains(set.str()) ? found->at(set.str()) : std::string();
  };
  const auto permission = "/permissions/" + broker.vhost() + "/" + set.str();
  const auto topic = "/topic-permissions/" + broker.vhost() + "/" + set.str();
  const auto give = [&](const char* configure, const std::string& write, const std::string& read) {
    broker.must("PUT", permission,
                Json::object({{"configure", configure}, {"write", write}, {"read", read}}));
  };
  CHECK(wrong().empty());
  CHECK(wrong(false).empty());
  auto edited = broker.service(queue_table("other", Json::object()));
  edited.table.find("rabbit")->set("publish", Json::array({""}));
  SECTION("taken away") {
    broker.must("DELETE", permission);
    CHECK(wrong().contains("no permission on the virtual host " + broker.vhost()));
    CHECK(wrong(false).contains("no permission"));
  }
  SECTION("widened") {
    give(".*", ".*", ".*");
    CHECK(wrong().contains("configure is '.*' instead of '^$'"));
    CHECK(wrong().contains("write is '.*' instead of"));
    CHECK(wrong().contains("read is '.*' instead of"));
    CHECK(wrong(false).contains("read is '.*'"));
  }
  SECTION("by one name, in our own words") {
    give("^$", "^(?:cdctl\\.signals|amq\\.default)\\z", "^(?:" + broker.queue() + "|x)\\z");
    CHECK(wrong().contains("read is"));
    CHECK(wrong(false).empty());  // an older file may have said so
    CHECK(wrong(false, &edited).empty());
  }
  SECTION("the topic permission") {
    broker.must("DELETE", topic);
    CHECK(wrong() == "it may publish signals under every routing key");
    broker.must("PUT", topic,
                Json::object({{"exchange", k_signals}, {"write", ".*"}, {"read", ".*"}}));
    CHECK(wrong().contains("its routing key of signals is '.*' instead of"));
  }
  SECTION("another virtual host") {
    broker.must("PUT", "/permissions/%2F/" + set.str(),
                Json::object({{"configure", "^$"}, {"write", "^$"}, {"read", ".*"}}));
    CHECK(wrong() == "it may enter the virtual host /");
  }
  SECTION("tags") {
    const auto user = broker.must("GET", "/users/" + set.str());
    broker.must("PUT", "/users/" + set.str(),
                Json::object({{"password_hash", user["password_hash"]},
                              {"hashing_algorithm", user["hashing_algorithm"]},
                              {"tags", "administrator"}}));
    CHECK(wrong() == "it has the tags 'administrator' instead of 'cdctl'");
  }
  const auto env = rabbit.provision(service, set, "secret", soon());
  REQUIRE(env);
  CHECK(wrong().empty());
  CHECK(connect_as(env->at("AMQP_URL")));
}

TEST_CASE("a repair leaves a set the queues that its service had when it was made") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  const auto service = broker.queue_service();
  REQUIRE(rabbit.provision(service, set, "secret", soon()));
  SetMemo memo{set, "local", "here", {{"service", service.shape()}}, now(), 0, {}, {}};
  broker.must("PUT", "/global-parameters/cdctl.set." + set.str(),
              Json::object({{"value", to_json(memo)}}));
  auto edited = broker.service(queue_table("other", Json::object()));
  edited.engine = "another";  // what shapes it differs
  broker.must("PUT", "/topic-permissions/" + broker.vhost() + "/" + set.str(),
              Json::object({{"exchange", k_signals}, {"write", ".*"}, {"read", ".*"}}));
  REQUIRE(rabbit.provision(edited, set, "secret", soon()));
  const auto permission = broker.must("GET", "/permissions/" + broker.vhost() + "/" + set.str());
  CHECK(permission["read"].view() == "^(?:" + broker.queue() + ")\\z");
  const Provisioned old{&edited, set, false};
  CHECK(rabbit.wrong_rights(std::span(&old, 1), soon()).value().empty());
}

TEST_CASE("a namesake on the broker is refused, whoever made it") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  broker.must("PUT", "/exchanges/" + broker.vhost() + "/theirs", Json::object({{"type", "topic"}}));
  broker.must("PUT", "/queues/" + broker.vhost() + "/jobs-of-others", Json::object());
  const auto queue = rabbit.check(broker.service(queue_table("theirs", Json::object())), soon());
  REQUIRE_FALSE(queue);
  CHECK(queue.error().exit == ExitCode::refused);
  CHECK(queue.error().what.contains("an exchange with the name of the queue theirs"));
  const auto exchange = rabbit.check(
      broker.service(Json::object({{"publish", Json::array({"jobs-of-others"})}})), soon());
  REQUIRE_FALSE(exchange);
  CHECK(exchange.error().what.contains("a queue with the name of the exchange jobs-of-others"));
  CHECK(rabbit.check(broker.service(Json::object({{"publish", Json::array({"theirs", ""})}})),
                     soon()));
  const auto mixed = broker.service(Json::object(
      {{"queues", Json::object({{"mix", Json::object()}})}, {"publish", Json::array({"mix"})}}));
  CHECK(rabbit.check_file(mixed).error().exit == ExitCode::config);
  CHECK(rabbit.check(mixed, soon()).error().exit == ExitCode::config);
  CHECK(rabbit.provision(mixed, broker.set(1), "s", soon()).error().exit == ExitCode::config);
}

TEST_CASE("a set that is known to be bad is born cut") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  broker.must("PUT", "/global-parameters/cdctl.cut." + set.str(),
              Json::object({{"value", to_json(CutMemo{true, "me", "bad", now(), {}, {}})}}));
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  CHECK(broker.limit(set) == 0);
  CHECK_FALSE(connect_as(env->at("AMQP_URL")));
}

TEST_CASE("a queue that would lose messages through cuts is refused") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto limited = Json::object({{"arguments", Json::object({{"x-delivery-limit", 3}})}});
  auto service = broker.service(queue_table("q", limited));
  const auto refused = rabbit.check(service, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::refused);
  CHECK(refused.error().what.contains("after 3 deliveries"));
  SECTION("unless the service accepts it") {
    service.accept_loss = true;
    CHECK(rabbit.check(service, soon()));
  }
  SECTION("and so is one that a policy limits") {
    const auto plain = broker.service(queue_table("q", Json::object()));
    CHECK(rabbit.check(plain, soon()));
    broker.must("PUT", "/policies/" + broker.vhost() + "/p",
                Json::object({{"pattern", "^q$"},
                              {"apply-to", "queues"},
                              {"definition", Json::object({{"delivery-limit", 9}})}}));
    const auto by_policy = rabbit.check(plain, soon());
    REQUIRE_FALSE(by_policy);
    CHECK(by_policy.error().what.contains("after 9 deliveries"));
    CHECK(rabbit.check(broker.service(queue_table("other", Json::object())), soon()));
    CHECK(rabbit.check(broker.service(queue_table("q", Json::object({{"type", "classic"}}))),
                       soon()));
  }
  SECTION("and so is one of which nobody can say in time whether a policy limits it") {
    broker.must("PUT", "/policies/" + broker.vhost() + "/evil",
                Json::object({{"pattern", "^(a+)+$"},
                              {"definition", Json::object({{"delivery-limit", 9}})}}));
    const std::string name(60, 'a');
    auto evil = broker.service(queue_table(name + "-b", Json::object()));
    const auto unsure = rabbit.check(evil, soon());
    REQUIRE_FALSE(unsure);
    CHECK(unsure.error().exit == ExitCode::refused);
    CHECK(unsure.error().what.contains("whether the policy evil holds"));
    CHECK(rabbit.delivery_limits(evil, soon()).value().empty());
    CHECK(rabbit.check(broker.service(queue_table("other", Json::object())), soon()));
    evil.accept_loss = true;
    CHECK(rabbit.check(evil, soon()));
  }
}

TEST_CASE("a dead-letter exchange is one that leads to another queue") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto check = [&](Json arguments, Json more = Json::object()) {
    arguments.set("x-delivery-limit", 3);
    auto table = queue_table("q", Json::object({{"arguments", std::move(arguments)}}));
    if (const auto* queue = more.find("queue")) {
      auto queues = table["queues"];
      queues.set("graves", *queue);
      table.set("queues", std::move(queues));
    }
    if (const auto* exchange = more.find("exchange"))
      table.set("exchanges", Json::object({{"dead", *exchange}}));
    return rabbit.check(broker.service(std::move(table)), soon());
  };
  const auto refused = [&](const Result<>& result, std::string_view why) {
    INFO((result ? std::string("taken") : result.error().what));
    return !result && result.error().exit == ExitCode::refused && result.error().what.contains(why);
  };
  const auto to = [](const char* exchange) {
    return Json::object({{"x-dead-letter-exchange", exchange}});
  };
  const auto keyed = [&](const char* exchange, const char* key) {
    return to(exchange).set("x-dead-letter-routing-key", key);
  };
  const auto vhost = broker.vhost();
  CHECK(refused(check(to("dead")), "there is no exchange dead"));
  broker.must("PUT", "/exchanges/" + vhost + "/dead",
              Json::object({{"type", "direct"}, {"durable", true}}));
  CHECK(refused(check(to("dead")), "no queue is bound to the exchange dead"));
  SECTION("of which the broker knows") {
    broker.must("PUT", "/queues/" + vhost + "/made", Json::object({{"durable", true}}));
    broker.must("POST", "/bindings/" + vhost + "/e/dead/q/made",
                Json::object({{"routing_key", "gone"}}));
    CHECK(check(to("dead")));
    CHECK(check(keyed("dead", "gone")));
    CHECK(refused(check(keyed("dead", "else")), "for the key else"));
  }
  SECTION("by way of another exchange") {
    broker.must("PUT", "/exchanges/" + vhost + "/next",
                Json::object({{"type", "fanout"}, {"durable", true}}));
    broker.must("POST", "/bindings/" + vhost + "/e/dead/e/next", Json::object());
    CHECK(refused(check(to("dead")), "no queue is bound"));
    broker.must("PUT", "/queues/" + vhost + "/made", Json::object({{"durable", true}}));
    broker.must("POST", "/bindings/" + vhost + "/e/next/q/made", Json::object());
    CHECK(check(to("dead")));
  }
  SECTION("that the file declares") {
    const auto graves = Json::object(
        {{"queue", Json::object({{"bindings", Json::array({Json::object(
                                                  {{"exchange", "dead"}, {"key", "gone"}})})}})},
         {"exchange", Json::object({{"type", "direct"}})}});
    CHECK(check(keyed("dead", "gone"), graves));
    CHECK(refused(check(keyed("dead", "else"), graves), "no queue is bound"));
  }
  SECTION("and the default exchange needs the name of a queue") {
    CHECK(refused(check(to("")), "x-dead-letter-routing-key names none"));
    CHECK(refused(check(keyed("", "q")), "leads back to it"));
    CHECK(refused(check(keyed("", "graves")), "there is no queue graves"));
    CHECK(check(keyed("", "graves"), Json::object({{"queue", Json::object()}})));
  }
  SECTION("and so for one that a policy names") {
    broker.must(
        "PUT", "/policies/" + vhost + "/p",
        Json::object({{"pattern", "^q$"},
                      {"definition", Json::object({{"dead-letter-exchange", "nowhere"}})}}));
    CHECK(refused(check(Json::object()), "there is no exchange nowhere"));
  }
}

TEST_CASE("a delivery limit of -1 is refused where it means the first return") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const bool four = broker.must("GET", "/overview")["rabbitmq_version"].view()[0] >= '4';
  broker.must("PUT", "/queues/" + broker.vhost() + "/graves", Json::object({{"durable", true}}));
  auto arguments = Json::object({{"x-delivery-limit", -1},
                                 {"x-dead-letter-exchange", ""},
                                 {"x-dead-letter-routing-key", "graves"}});
  const auto lifted = rabbit.check(
      broker.service(queue_table("q", Json::object({{"arguments", arguments}}))), soon());
  CHECK(lifted.has_value() == four);
  if (!lifted) CHECK(lifted.error().what.contains("leave x-delivery-limit out"));
}

TEST_CASE("what a queue was not born with is said by a policy") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  broker.must(
      "PUT", "/queues/" + broker.vhost() + "/born",
      Json::object({{"durable", true}, {"arguments", Json::object({{"x-queue-type", "quorum"}})}}));
  const auto check = [&](const char* key, Json value) {
    auto service = broker.service(queue_table(
        "born", Json::object({{"arguments", Json::object({{key, std::move(value)}})}})));
    service.accept_loss = true;
    const auto result = rabbit.check(service, soon());
    return result ? std::string() : result.error().what;
  };
  const auto command = " 'delivery-limit-born' '^born$' '{\"delivery-limit\":100}'";
  CHECK(check("x-delivery-limit", 100).contains(command));
  const auto single = check("x-single-active-consumer", true);
  CHECK((!single.empty() && !single.contains("set_policy")));
}

TEST_CASE("a quorum queue that says nothing of a limit gets none, and no cut uses one up") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto service = broker.queue_service();
  REQUIRE(rabbit.check(service, soon()));
  REQUIRE(rabbit.provision(service, broker.set(1), "s", soon()));
  const auto there = broker.must("GET", "/queues/" + broker.vhost() + "/" + broker.queue());
  const bool four = broker.must("GET", "/overview")["rabbitmq_version"].view()[0] >= '4';
  CHECK(there["arguments"]["x-delivery-limit"] == (four ? Json(-1) : Json()));
  CHECK(rabbit.delivery_limits(service, soon()).value().empty());
  REQUIRE(rabbit.check(service, soon()));  // it is not taken for somebody else's
  REQUIRE(rabbit.provision(service, broker.set(2), "s", soon()));
  if (!four) return;
  broker.must(
      "PUT", "/queues/" + broker.vhost() + "/old",
      Json::object({{"durable", true}, {"arguments", Json::object({{"x-queue-type", "quorum"}})}}));
  const auto old = rabbit.check(broker.service(queue_table("old", Json::object())), soon());
  REQUIRE_FALSE(old);
  CHECK(old.error().what.contains("after 20 deliveries"));
  CHECK(old.error().what.contains("set_policy"));
  auto table = queue_table("new", Json::object({{"type", "quorum"}}));
  CHECK(rabbit.check(broker.service(table), soon()));
  table.set("framework", "celery");  // whose workers do not declare the argument
  const auto theirs = rabbit.check(broker.service(table), soon());
  REQUIRE_FALSE(theirs);
  CHECK(theirs.error().what.contains("set_policy"));
  CHECK_FALSE(theirs.error().what.contains("set x-delivery-limit"));
  broker.must("PUT", "/policies/" + broker.vhost() + "/p",
              Json::object({{"pattern", "^old$"},
                            {"apply-to", "quorum_queues"},
                            {"definition", Json::object({{"delivery-limit", -1}})}}));
  CHECK(rabbit.check(broker.service(queue_table("old", Json::object())), soon()));
}

TEST_CASE("a queue that is there in another shape is an error that names both") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto make = [&](const std::string& name, Json body) {
    broker.must("PUT", "/queues/" + broker.vhost() + "/" + name, std::move(body));
  };
  make("classic", Json::object({{"durable", true}}));
  make("ttl",
       Json::object(
           {{"durable", true},
            {"arguments", Json::object({{"x-queue-type", "quorum"}, {"x-message-ttl", 5000}})}}));
  make("same",
       Json::object(
           {{"durable", true},
            {"arguments", Json::object({{"x-queue-type", "quorum"}, {"x-message-ttl", 5000}})}}));
  const auto type = rabbit.check(broker.service(queue_table("classic", Json::object())), soon());
  REQUIRE_FALSE(type);
  CHECK(
      (type.error().what.contains("type = classic") && type.error().what.contains("says quorum")));
  const auto argument = rabbit.check(
      broker.service(queue_table(
          "ttl", Json::object({{"arguments", Json::object({{"x-message-ttl", 1000}})}}))),
      soon());
  REQUIRE_FALSE(argument);
  CHECK((argument.error().what.contains("5000") && argument.error().what.contains("1000")));
  CHECK_FALSE(rabbit.check(broker.service(queue_table("ttl", Json::object())), soon()));
  auto same = broker.service(
      queue_table("same", Json::object({{"arguments", Json::object({{"x-message-ttl", 5000}})}})));
  same.accept_loss = true;  // RabbitMQ 4 gives it a limit that nobody can take away
  CHECK(rabbit.check(same, soon()));
  CHECK(rabbit.provision(same, broker.set(1), "s", soon()));
}

TEST_CASE("inspect shows limit, permissions, connections and queue counts of now") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  REQUIRE(publish_as(env->at("AMQP_URL"), "", broker.queue()));
  const auto link = connect_as(env->at("AMQP_URL"));
  REQUIRE(link);
  REQUIRE(test::eventually([&] { return broker.connected(set) == 1; }));
  const auto json = rabbit.describe(broker.queue_service(), set, soon());
  REQUIRE(json);
  INFO(json->dump());
  CHECK((*json)["cut"] == Json(false));
  CHECK((*json)["connections"].items().at(0)["peer"].view().starts_with("127.0.0.1:"));
  CHECK((*json)["queues"][broker.queue()]["ready"] == Json(1));
  CHECK((*json)["permissions"].items().size() == 1);
  CHECK((*json)["topic_permissions"].items().size() == 1);
  const auto nobody = rabbit.describe(broker.queue_service(), broker.set(99), soon());
  REQUIRE(nobody);
  CHECK((*nobody)["user"].is_null());
}
