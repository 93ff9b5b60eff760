#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/rabbit/broker/names.hpp"
#include "plugins/rabbit/broker/pattern.hpp"
#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/framework_clue.hpp"
#include "plugins/rabbit/setup.hpp"
#include "plugins/rabbit/switch/rights.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "plugins/rabbit/workers_check.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

namespace {

constexpr const char* k_uuid = "2ff4062b-670b-3764-89cd-5c2b26c685f4";

ServiceConfig service_with(Json rabbit) {
  ServiceConfig service;
  service.name = "thumbs";
  service.file = "services.d/thumbs.toml";
  service.table = Json::object({{"rabbit", std::move(rabbit)}});
  return service;
}

Json celery(const char* queue = "celery") {
  return Json::object(
      {{"framework", "celery"}, {"queues", Json::object({{queue, Json::object()}})}});
}

Topology topology_of(Json rabbit) {
  auto topology = read_topology(service_with(std::move(rabbit)));
  REQUIRE(topology);
  return std::move(*topology);
}

Rights rights(Json rabbit) {
  return rights_of(topology_of(std::move(rabbit)), *parse_set_name("thumbs-r0000000001"));
}

/// Which of `configure`, `write` and `read` a set has on a name: "cwr", "w", "".
std::string on(const Rights& rights, std::string_view name) {
  std::string out;
  for (const auto& [letter, pattern] :
       {std::pair{'c', &rights.configure}, {'w', &rights.write}, {'r', &rights.read}}) {
    const auto found = matches(*pattern, name);
    REQUIRE(found);
    if (*found) out += letter;
  }
  return out;
}

/// What is wrong with a table, in words.
std::string wrong(Json rabbit) {
  const auto topology = read_topology(service_with(std::move(rabbit)));
  REQUIRE_FALSE(topology);
  CHECK(topology.error().exit == ExitCode::config);
  return topology.error().what;
}

}  // namespace

TEST_CASE("a worker of Celery may what it needs, and nothing of cdctl's or of other services") {
  const auto has = rights(celery());
  CHECK(on(has, "celery") == "cwr");
  CHECK(on(has, "celery.pidbox") == "cwr");
  CHECK(on(has, "celery@web1.example.celery.pidbox") == "cwr");
  CHECK(on(has, "thumbs-r0000000001.0@web1.celery.pidbox") == "cwr");
  CHECK(on(has, "reply.celery.pidbox") == "cwr");
  CHECK(on(has, fmt::format("{}.reply.celery.pidbox", k_uuid)) == "cwr");
  CHECK(on(has, "celeryev") == "cwr");
  CHECK(on(has, fmt::format("celeryev.{}", k_uuid)) == "cwr");
  CHECK(on(has, k_uuid) == "cr");
  CHECK(on(has, "amq.default") == "w");
  for (const auto* name :
       {"cdctl.signals", "cdctl.signals.log", "cdctl.lock.thumbs", "other", "celery2", "xcelery",
        "celeryx.pidbox", "amq.topic", "amq.gen-x", "celery_delayed_27", "celery\n", ""})
    CHECK(on(has, name).empty());
  CHECK(on(has, fmt::format("x{}", k_uuid)).empty());
}

TEST_CASE("without remote control a worker of Celery hears and says nothing to all") {
  auto table = celery("images");
  table.set("remote_control", false);
  const auto has = rights(std::move(table));
  CHECK(on(has, "images") == "cwr");
  CHECK(on(has, k_uuid) == "cr");
  for (const auto* name :
       {"celery", "celery.pidbox", "celery@web1.celery.pidbox", "celeryev", "reply.celery.pidbox"})
    CHECK(on(has, name).empty());
}

TEST_CASE("who may declare signals over AMQP only where its file says so") {
  CHECK(on(rights(Json::object({{"queues", Json::object({{"q", Json::object()}})}})),
           "cdctl.signals") == "w");
  auto table = celery();
  table.set("publish", Json::array({"cdctl.signals", "results"}));
  const auto has = rights(std::move(table));
  CHECK(on(has, "cdctl.signals") == "w");
  CHECK(on(has, "results") == "w");
  const auto named = Json::object({{"configure", Json::array({"tmp-*"})}});
  CHECK(on(rights(named), "cdctl.signals").empty());
  CHECK(on(rights(named), "tmp-1") == "c");
}

TEST_CASE("a framework's queues are as its workers declare them") {
  const auto celerys = topology_of(celery());
  CHECK(celerys.queues.at("celery").type == "classic");
  CHECK(celerys.queues.at("celery").by_workers);
  const auto parked = topology_of(Json::object(
      {{"framework", "dramatiq"}, {"queues", Json::object({{"default", Json::object()}})}}));
  const auto& queue = parked.queues.at("default");
  CHECK(queue.arguments["x-dead-letter-exchange"].view().empty());
  CHECK(queue.arguments["x-dead-letter-routing-key"].view() == "default.XQ");
  CHECK(parked.framework->parked("default") == "default.XQ");
  CHECK(celerys.framework->parked("celery").empty());
  const auto has = rights_of(parked, *parse_set_name("thumbs-r0000000001"));
  CHECK(on(has, "default") == "cwr");
  CHECK(on(has, "default.DQ") == "cr");
  CHECK(on(has, "default.XQ") == "c");
  CHECK(on(has, "default.YQ").empty());
  CHECK(topology_of(
            Json::object({{"framework", "celery"},
                          {"queues", Json::object({{"q", Json::object({{"type", "quorum"}})}})}}))
            .queues.at("q")
            .type == "quorum");
}

TEST_CASE("a client's workers may declare and bind what their service names") {
  const auto has = rights(Json::object({{"framework", "pika"},
                                        {"queues", Json::object({{"jobs", Json::object()}})},
                                        {"exchanges", Json::object({{"x", Json::object()}})},
                                        {"publish", Json::array({"out"})}}));
  CHECK(on(has, "jobs") == "cwr");
  CHECK(on(has, "x") == "cr");
  CHECK(on(has, "out") == "w");
  CHECK(on(has, "amq.gen-JzTY20BRgKO") == "cwr");
  CHECK(on(has, "amq.default").empty());
}

TEST_CASE("names with stars reach nothing of cdctl's or of RabbitMQ's") {
  const auto refused = [](const char* key, const char* name) {
    return wrong(Json::object({{key, Json::array({name})}}));
  };
  for (const auto* key : {"configure", "write", "read"})
    for (const auto* name : {"*", "c*", "cdctl.*", "cdctl*", "cdctl.signals", "*.x", "cdctl.x*"})
      CHECK(refused(key, name).contains("cdctl's own"));
  CHECK(refused("read", "amq.*").contains("RabbitMQ's own"));
  CHECK(refused("write", "a*").contains("RabbitMQ's own"));
  CHECK(refused("read", "").contains("printable bytes"));
  CHECK(wrong(Json::object({{"read", "x"}})).contains("must be an array"));
  const auto has = rights(Json::object({{"configure", Json::array({"amq.gen-*", "t.(x)|*"})},
                                        {"write", Json::array({"celery_delayed*"})},
                                        {"read", Json::array({"amq.topic"})}}));
  CHECK(on(has, "amq.gen-1") == "c");
  CHECK(on(has, "t.(x)|y") == "c");
  CHECK(on(has, "t.x").empty());
  CHECK(on(has, "y").empty());
  CHECK(on(has, "celery_delayed_27") == "w");
  CHECK(on(has, "amq.topic") == "r");
}

TEST_CASE("patterns of ours are known, and no others") {
  const auto has = rights(celery());
  CHECK(of_our_making(has.configure));
  CHECK(of_our_making(has.write));
  CHECK(of_our_making(has.read));
  CHECK(of_our_making("^$"));
  CHECK(of_our_making(exactly({"cdctl.signals", "amq.default", "a|b*"})));
  CHECK(of_our_making(any_of({with_stars("tmp-*"), with_stars("amq.gen-*")})));
  for (const auto* pattern :
       {"", ".*", "^(?:.*)\\z", "^(?:c.*)\\z", "^(?:a.*)\\z", "^(?:jobs|.*)\\z", "^(?:[^@]+)\\z",
        "^(?:jobs", "^(?:jobs+)\\z", "^(?:x)|(?:y)\\z", "^(?:\\w.*)\\z", "^(?:\\D\\D)\\z"})
    CHECK_FALSE(of_our_making(pattern));
}

TEST_CASE("a framework that is not known is named with those that are") {
  const auto what = wrong(Json::object({{"framework", "celary"}}));
  CHECK(what.contains("'celary' is none of celery"));
  CHECK(what.contains("did you mean celery"));
}

TEST_CASE("a queue may have the name of an exchange where its workers may not signal") {
  auto table = celery();
  table.set("exchanges", Json::object({{"celery", Json::object()}}));
  const auto service = service_with(table);
  CHECK(check_names(service, *read_topology(service)));
}

TEST_CASE("what a trunk lists tells its framework") {
  test::TempDir folder;
  const auto told = [&](const char* file, const std::string& text) {
    REQUIRE(make_directories((folder.path() / file).parent_path(), 0755));
    REQUIRE(write_file_atomically(folder.path() / file, text, 0644));
    const auto clue = framework_in(folder.path());
    std::error_code error;
    std::filesystem::remove(folder.path() / file, error);
    return clue ? fmt::format("{} by {}", clue->framework->name, clue->because) : std::string();
  };
  CHECK(told("requirements.txt", "Django\nCelery[redis]==5.4\nkombu\n") ==
        "celery by requirements.txt");
  CHECK(told("requirements/base.txt", "pika>=1.3\n") == "pika by requirements/base.txt");
  CHECK(told("requirements-prod.txt", "aio-pika==9\n") == "aio-pika by requirements-prod.txt");
  CHECK(told("requirements.txt", "django-celery-beat\n# celery\n").empty());
  CHECK(told("pyproject.toml", "dependencies = [\"dramatiq[rabbitmq]>=1.17\"]\n") ==
        "dramatiq by pyproject.toml");
  CHECK(told("Pipfile", "[packages]\nkombu = \"*\"\n") == "kombu by Pipfile");
  CHECK(told("package.json", R"({"dependencies":{"amqplib":"^0.10.3"}})") ==
        "amqplib by package.json");
  CHECK(told("Gemfile", "gem \"bunny\", \"~> 2.22\"\n") == "bunny by Gemfile");
  CHECK(told("go.mod", "require github.com/rabbitmq/amqp091-go v1.9.0\n") ==
        "amqp091-go by go.mod");
  CHECK(told("pom.xml", "<artifactId>amqp-client</artifactId>\n") == "java by pom.xml");
  CHECK(told("build.gradle",
             "implementation 'org.springframework.boot:spring-boot-starter-amqp'\n") ==
        "spring by build.gradle");
  CHECK(told("composer.json", R"({"require":{"php-amqplib/php-amqplib":"^3.5"}})") ==
        "php-amqplib by composer.json");
  CHECK(told("README.md", "celery\n").empty());
  CHECK_FALSE(framework_in(folder.path() / "absent"));
}

TEST_CASE("doctor says what workers will be refused before they are") {
  test::TempDir folder;
  REQUIRE(write_file_atomically(folder.path() / "requirements.txt", "celery\n", 0644));
  auto service = service_with(Json::object({{"queues", Json::object({{"q", Json::object()}})}}));
  CHECK_FALSE(workers_check(service));
  service.sources.push_back({.service = "thumbs",
                             .name = "trunk",
                             .kind = "git",
                             .url = folder.path().string(),
                             .options = Json::object()});
  const auto unsaid = workers_check(service);
  REQUIRE(unsaid);
  CHECK(unsaid->state == Check::State::warning);
  CHECK(unsaid->found.contains("asks for Celery (requirements.txt)"));
  CHECK(unsaid->cure.contains("framework = \"celery\" in [rabbit] of services.d/thumbs.toml"));
  auto table = celery();
  table.find("queues")->find("celery")->set("type", "quorum");
  const auto said = workers_check(service_with(table));
  REQUIRE(said);
  CHECK(said->state == Check::State::ok);
  CHECK(said->found.contains("540, global qos"));
}

TEST_CASE("a unit of Celery finds the broker and a name of its own in its environment") {
  test::Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  auto table = celery(broker.queue().c_str());
  const auto env = rabbit.provision(broker.service(table), set, "secret", Deadline(Millis(20'000)));
  REQUIRE(env);
  CHECK(env->at("CELERY_BROKER_URL") == env->at("AMQP_URL"));
  CHECK(env->at("CELERY_WORKER_HOSTNAME") == set.str() + ".%UNIT%@%h");
  const auto has = broker.must("GET", "/permissions/" + broker.vhost() + "/" + set.str());
  CHECK(of_our_making(has["configure"].view()));
  const auto service = broker.service(table);
  const Provisioned one{&service, set, true};
  CHECK(rabbit.wrong_rights(std::span(&one, 1), Deadline(Millis(20'000))).value().empty());
}

TEST_CASE("one virtual host has one service of Celery with remote control") {
  test::Broker broker;
  RabbitSwitch rabbit(broker.host());
  auto other = broker.service(celery("theirs"));
  other.name = "other";
  broker.host().config_value.services.push_back(other);
  auto table = celery(broker.queue().c_str());
  const auto shared = rabbit.check(broker.service(table), Deadline(Millis(20'000)));
  REQUIRE_FALSE(shared);
  CHECK(shared.error().exit == ExitCode::refused);
  CHECK(shared.error().what.contains("other runs Celery in the virtual host"));
  table.set("remote_control", false);
  CHECK(rabbit.check(broker.service(table), Deadline(Millis(20'000))));
}

TEST_CASE("an exchange of others with the name of a queue is refused, unless it may be its own") {
  test::Broker broker;
  RabbitSwitch rabbit(broker.host());
  broker.must("PUT", "/exchanges/" + broker.vhost() + "/jobs",
              Json::object({{"type", "direct"}, {"durable", true}}));
  const auto checked = [&](Json table) {
    return rabbit.check(broker.service(std::move(table)), Deadline(Millis(20'000)));
  };
  auto table =
      Json::object({{"framework", "pika"}, {"queues", Json::object({{"jobs", Json::object()}})}});
  const auto refused = checked(table);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::refused);
  CHECK(refused.error().what.contains("an exchange with the name of the queue jobs"));
  table.set("exchanges", Json::object({{"jobs", Json::object()}}));
  CHECK(checked(table));
  CHECK(checked(celery("jobs")));
}

namespace {

/// Answers with what is the default.
class Yes final : public Dialogue {
 public:
  std::optional<std::string> option(std::string_view) const override { return {}; }
  bool asks() const override { return false; }
  bool asks_all() const override { return false; }
  Result<std::string> line(std::string_view, std::string_view otherwise) override {
    return std::string(otherwise);
  }
  Result<std::string> secret(std::string_view) override { return std::string(); }
  void warn(std::string_view) override {}
  Error missing(std::string_view) const override { return {ExitCode::usage, "missing"}; }
};

}  // namespace

TEST_CASE("init writes the framework that the trunk asks for") {
  test::Broker broker;
  test::TempDir folder;
  REQUIRE(write_file_atomically(folder.path() / "requirements.txt", "celery==5.4\n", 0644));
  RabbitSetup setup(broker.host());
  Yes dialogue;
  SetupService service{"thumbs", true, false};
  const auto plain = setup.interview(dialogue, service);
  REQUIRE(plain);
  CHECK(plain->head.empty());
  CHECK(plain->service.contains("queues = { \"thumbs\" = { type = \"quorum\" } }"));
  service.folder = folder.path();
  const auto text = setup.interview(dialogue, service);
  REQUIRE(text);
  CHECK(text->head.starts_with("stop = \"main\""));
  CHECK(text->service.contains("framework = \"celery\"    # requirements.txt asks for it\n"));
  CHECK(text->service.contains("queues    = { \"celery\" = { type = \"classic\" } }"));
}
