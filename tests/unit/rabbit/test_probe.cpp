#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/probe/probe.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Beside;
using cdctl::test::Broker;
using cdctl::test::eventually;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

/// A service on a broker, and looks at sets of it.
struct Watched {
  Broker broker;
  RabbitSwitch rabbit{broker.host()};
  RabbitProbe probe{broker.host()};
  ServiceConfig service = broker.queue_service();
  std::vector<ProbeTarget> targets;
  Json memory;

  std::string provision(int number) {
    const auto set = broker.set(number);
    targets.push_back({service, set, "here", 1, false});
    auto env = rabbit.provision(service, set, "secret", soon());
    if (!env) FAIL(env.error().what);
    return env->at("AMQP_URL");
  }
  void publish(int count) {
    const auto settings = read_settings(broker.host().config());
    auto link = (*amqp_driver())->connect(settings->amqp, soon());
    REQUIRE(link);
    std::vector<Publication> messages;
    for (int i = 0; i < count; ++i)
      messages.push_back({.exchange = "",
                          .routing_key = broker.queue(),
                          .message_id = new_id(),
                          .content_type = "text/plain",
                          .body = "job",
                          .type = {}});
    REQUIRE((*link)->publish(messages, soon()));
  }
  /// The signals of one look, by set and name.
  Json look(std::size_t target, std::string_view name) {
    const auto signals = probe.observe(targets, memory, soon());
    if (!signals) FAIL(signals.error().what);
    for (const auto& signal : *signals) {
      CHECK(normal_signal(signal));
      if (signal["set"].view() == targets[target].set.str() && signal["signal"].view() == name)
        return signal;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("one look at a hundred sets asks the broker as often as one at a single set") {
  Watched watched;
  for (int i = 1; i <= 100; ++i)
    watched.targets.push_back({watched.service,
                               SetName{watched.broker.queue(), fmt::format("r{:010x}", i)}, "here",
                               1, false});
  const auto signals = watched.probe.observe(watched.targets, watched.memory, soon());
  REQUIRE(signals);
  CHECK(signals->size() == 100);
  CHECK(std::ranges::all_of(*signals, [](const Json& signal) {
    return signal["rabbit"]["no_rate"].view() == "first look";
  }));
}

TEST_CASE("who takes messages is at work, and not who is connected") {
  Watched watched;
  const auto url = watched.provision(1);
  const auto deaf = watched.provision(2);
  const auto address = parse_amqp_url(url), other = parse_amqp_url(deaf);
  std::vector<std::unique_ptr<AmqpLink>> links;  // as a worker with a pool holds them
  for (int i = 0; i < 3; ++i)
    links.push_back(std::move((*amqp_driver())->connect(*address, soon()).value()));
  links.push_back(std::move((*amqp_driver())->connect(*other, soon()).value()));
  const auto worker = watched.broker.worker(url);
  const Provisioned sets[] = {{&watched.service, watched.broker.set(1), true},
                              {&watched.service, watched.broker.set(2), true}};
  const auto work = [&] {
    auto found = watched.rabbit.at_work(sets, soon());
    if (!found) FAIL(found.error().what);
    return *found;
  };
  // Right after they were opened nobody can tell.
  CHECK(work()[1].working == 0);
  REQUIRE(eventually(
      [&] {
        const auto now = work();
        return now[0].working == 1 && now[0].unsure == 0 && now[1].unsure == 0;
      },
      Millis(30'000)));
  const auto known = work();
  CHECK(known[0].takes);
  CHECK(known[0].connections == 4);
  CHECK(known[1].connections == 1);
  CHECK(known[1].working == 0);
  // Where nothing is to be taken, who is connected is at work.
  auto publisher = watched.service;
  publisher.table =
      Json::object({{"rabbit", Json::object({{"queues", watched.service.table["rabbit"]["queues"]},
                                             {"consumes", false}})}});
  const Provisioned one[] = {{&publisher, watched.broker.set(2), true}};
  const auto there = watched.rabbit.at_work(one, soon());
  REQUIRE(there);
  CHECK_FALSE(there->front().takes);
  CHECK(there->front().working == 1);
}

TEST_CASE("a trial lets in what a unit needs") {
  Watched watched;
  (void)watched.provision(1);
  const auto set = watched.broker.set(1);
  REQUIRE(watched.rabbit.drain(set, soon()));
  const auto step = watched.rabbit.admit(set, 2, soon());
  REQUIRE(step);
  CHECK(watched.broker.limit(set) == 2);  // one connection for each, unless the file says more
}

TEST_CASE("what a set acknowledged between two looks is counted once") {
  Watched watched;
  const auto url = watched.provision(1);
  const auto worker = watched.broker.worker(url);
  REQUIRE(eventually(
      [&] { return watched.look(0, "rabbit/work")["rabbit"]["consumers"].as_int() == 1; }));
  watched.publish(40);
  std::int64_t seen = 0;
  CHECK(eventually(
      [&] { return (seen += watched.look(0, "rabbit/work")["counts"]["ok"].as_int()) >= 40; }));
  CHECK(watched.look(0, "rabbit/work")["counts"]["ok"].as_int() == 0);
  CHECK(seen == 40);
}

TEST_CASE(
    "a worker that dies and comes back again and again is a crash loop, seen from the broker") {
  Watched watched;
  const auto url = watched.provision(1);
  REQUIRE(eventually([&] {
    const auto worker = watched.broker.worker(url);
    return eventually([&] { return watched.broker.connected(watched.targets[0].set) > 0; },
                      Millis(5000)) &&
           watched.look(0, "rabbit/work")["rabbit"]["connections"].as_int() == 1;
  }));
  std::string worst;
  for (int round = 0; round < 6 && worst != "error"; ++round) {
    const auto worker = watched.broker.worker(url);
    REQUIRE(eventually([&] { return watched.broker.connected(watched.targets[0].set) > 0; }));
    worst = watched.look(0, "rabbit/churn")["severity"].as_string(worst);
  }
  CHECK(worst == "error");
}

TEST_CASE("a broker that cannot be asked is an error and no signal") {
  Watched watched;
  (void)watched.provision(1);
  watched.broker.table().set("management", "http://127.0.0.1:1");
  RabbitProbe probe(watched.broker.host());
  const auto signals = probe.observe(watched.targets, watched.memory, soon());
  REQUIRE_FALSE(signals);
  CHECK(signals.error().exit == ExitCode::unknown);
}
