#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/broker/settings.hpp"
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

Result<std::unique_ptr<AmqpLink>> connect_as(const std::string& url) {
  const auto address = parse_amqp_url(url);
  return (*amqp_driver())->connect(*address, soon());
}

Publication message(const std::string& queue, std::string body) {
  return {.exchange = "",
          .routing_key = queue,
          .message_id = new_id(),
          .content_type = "text/plain",
          .body = std::move(body),
          .type = {}};
}

/// A broker with two sets of one service, each with a URL.
struct Stage {
  Broker broker;
  RabbitSwitch rabbit{broker.host()};
  SetName bad = broker.set(1), good = broker.set(2);
  std::string bad_url, good_url;
  Stage() {
    auto make = [&](const SetName& set) {
      return rabbit.provision(broker.queue_service(), set, "secret", soon()).value().at("AMQP_URL");
    };
    bad_url = make(bad);
    good_url = make(good);
  }
  std::vector<std::unique_ptr<AmqpLink>> open(const std::string& url, int count) {
    std::vector<std::unique_ptr<AmqpLink>> links;
    for (int i = 0; i < count; ++i) links.push_back(std::move(connect_as(url).value()));
    return links;
  }
  std::int64_t ready() {
    return connect_as(guest_url()).value()->counts(broker.queue(), soon()).value()->ready;
  }
  std::string guest_url() {
    return fmt::format("amqp://guest:guest@127.0.0.1:{}/{}", broker.port(), broker.vhost());
  }
};

/// Runs `f` in a child process that crashes at `point`; whether it did.
template <class F>
bool crashes_at(const char* point, F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", point, 1);
    (void)f();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace

TEST_CASE("a cut closes the set's connections, keeps it out, and leaves others alone") {
  Stage stage;
  auto bad = stage.open(stage.bad_url, 3);
  auto good = stage.open(stage.good_url, 3);
  REQUIRE(eventually([&] {
    return stage.broker.connected(stage.bad) == 3 && stage.broker.connected(stage.good) == 3;
  }));
  const auto step = stage.rabbit.cut(stage.bad, "it is bad", soon());
  REQUIRE(step);
  CHECK(step->changed);
  CHECK(step->details["closed"] == Json(3));
  CHECK(step->details["left"] == Json(0));
  CHECK(stage.broker.limit(stage.bad) == 0);
  CHECK(stage.broker.connected(stage.bad) == 0);
  for (auto& link : bad) {
    const auto told = link->barrier(soon());
    REQUIRE_FALSE(told);
    CHECK(told.error().what.contains("cut by tester@test: it is bad"));
  }
  for (auto& link : good) CHECK(link->barrier(soon()));
  CHECK_FALSE(connect_as(stage.bad_url));
  CHECK(connect_as(stage.good_url));
  SECTION("again it changes nothing") {
    const auto again = stage.rabbit.cut(stage.bad, "it is bad", soon());
    REQUIRE(again);
    CHECK_FALSE(again->changed);
    CHECK(again->details["closed"] == Json(0));
  }
  SECTION("mend lets it in with the password it had") {
    const auto mended = stage.rabbit.mend(stage.bad, {}, soon());
    REQUIRE(mended);
    CHECK(mended->changed);
    CHECK(stage.broker.limit(stage.bad) == -1);
    CHECK(connect_as(stage.bad_url));
    CHECK_FALSE(stage.rabbit.mend(stage.bad, 5, soon())->changed);
    CHECK(stage.broker.limit(stage.bad) == -1);
  }
  SECTION("mend restores the limit of before") {
    REQUIRE(stage.rabbit.mend(stage.bad, 4, soon()));
    CHECK(stage.broker.limit(stage.bad) == 4);
  }
}

TEST_CASE("a set that is absent is already cut, mended, drained and retired") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1);
  for (const auto& step : {rabbit.cut(set, "x", soon()), rabbit.mend(set, 3, soon()),
                           rabbit.drain(set, soon()), rabbit.retire(set, soon())}) {
    REQUIRE(step);
    CHECK_FALSE(step->changed);
    CHECK(step->details["absent"] == Json(true));
  }
  const SetName sets[] = {set};
  CHECK(rabbit.connections(sets, soon()).value() == std::vector<std::int64_t>{0});
}

TEST_CASE("drain keeps the open connections and lets no new one in") {
  Stage stage;
  auto links = stage.open(stage.bad_url, 1);
  REQUIRE(stage.rabbit.drain(stage.bad, soon())->changed);
  CHECK(links[0]->barrier(soon()));
  CHECK_FALSE(connect_as(stage.bad_url));
  CHECK_FALSE(stage.rabbit.drain(stage.bad, soon())->changed);
}

TEST_CASE("retire removes the user with its permissions and every connection") {
  Stage stage;
  auto links = stage.open(stage.bad_url, 2);
  const SetName both[] = {stage.good, stage.bad};
  REQUIRE(eventually([&] {
    return stage.rabbit.connections(both, soon()).value() == std::vector<std::int64_t>{0, 2};
  }));
  const auto step = stage.rabbit.retire(stage.bad, soon());
  REQUIRE(step);
  CHECK(step->changed);
  CHECK(stage.broker.api("GET", "/users/" + stage.bad.str()).first == 404);
  for (auto& link : links) CHECK_FALSE(link->barrier(soon()));
  CHECK_FALSE(stage.rabbit.retire(stage.bad, soon())->changed);
  CHECK(connect_as(stage.good_url));
  CHECK(stage.broker.api("GET", "/queues/" + stage.broker.vhost() + "/" + stage.broker.queue())
            .first == 200);
}

TEST_CASE("workers that are stopped in mid-air are cut off all the same") {
  Stage stage;
  // Enough that a stopped client's buffers fill and the broker cannot write to it any more, and a
  // few that are hung with room in their buffers.
  {
    auto link = connect_as(stage.guest_url());
    std::vector<Publication> many;
    for (int i = 0; i < 300; ++i)
      many.push_back(message(stage.broker.queue(), std::string(100'000, 'x')));
    REQUIRE((*link)->publish(many, soon()));
  }
  std::vector<Beside> stuck;
  for (int i = 0; i < 2; ++i)
    stuck.push_back(stage.broker.worker(stage.bad_url, {"sleep", "100"}, 0));
  REQUIRE(eventually([&] { return stage.broker.connected(stage.bad) == 2; }));
  for (const auto& worker : stuck) worker.signal(SIGSTOP);
  auto healthy = stage.open(stage.bad_url, 2);
  REQUIRE(eventually([&] { return stage.broker.connected(stage.bad) == 4; }));
  const auto step = stage.rabbit.cut(stage.bad, "stuck", soon());
  INFO((step ? step->details.dump() : step.error().what));
  REQUIRE(step);
  CHECK(step->details["left"] == Json(0));
  for (auto& link : healthy) CHECK_FALSE(link->barrier(soon()));
  CHECK(eventually([&] { return stage.ready() == 300; }));
}

TEST_CASE("a set that reconnects without pause does not get in again") {
  Stage stage;
  std::atomic<bool> end = false;
  std::atomic<int> refused = 0, let_in = 0;
  std::vector<std::jthread> storm;
  for (int i = 0; i < 4; ++i) {
    storm.emplace_back([&] {
      while (!end) {
        auto link = connect_as(stage.bad_url);
        ++(link ? let_in : refused);
      }
    });
  }
  REQUIRE(eventually([&] { return let_in > 20; }));
  const auto step = stage.rabbit.cut(stage.bad, "storm", soon());
  const int before = let_in, refused_before = refused;
  const bool went_on = eventually([&] { return refused > refused_before + 50; });
  const int after = let_in;
  end = true;
  storm.clear();
  INFO((step ? step->details.dump() : step.error().what));
  REQUIRE(step);
  CHECK(went_on);
  CHECK(after == before);
  CHECK(eventually([&] { return stage.broker.connected(stage.bad) == 0; }));
}

TEST_CASE("a crash at any point of a cut leaves a state that a second cut completes") {
  Stage stage;
  auto links = stage.open(stage.bad_url, 3);
  REQUIRE(eventually([&] { return stage.broker.connected(stage.bad) == 3; }));
  for (const auto* point : {"rabbit.cut.before", "rabbit.cut.limit", "rabbit.cut.close"}) {
    CAPTURE(point);
    // A child of its own: it opens its own HTTP connections.
    REQUIRE(crashes_at(point, [&] {
      test::TestHost host(stage.broker.folder());
      host.config_value = stage.broker.host().config_value;
      return RabbitSwitch(host).cut(stage.bad, "crash", soon());
    }));
    if (std::string_view(point) != "rabbit.cut.before") {
      CHECK(stage.broker.limit(stage.bad) == 0);
      CHECK_FALSE(connect_as(stage.bad_url));
    }
  }
  REQUIRE(stage.rabbit.cut(stage.bad, "again", soon()));
  CHECK(stage.broker.connected(stage.bad) == 0);
  for (auto& link : links) CHECK_FALSE(link->barrier(soon()));
  CHECK(crashes_at("rabbit.mend.limit", [&] {
    test::TestHost host(stage.broker.folder());
    host.config_value = stage.broker.host().config_value;
    return RabbitSwitch(host).mend(stage.bad, 2, soon());
  }));
  CHECK(stage.broker.limit(stage.bad) == 2);
  CHECK_FALSE(stage.rabbit.mend(stage.bad, 2, soon())->changed);
}

TEST_CASE("a crash while a set is provisioned leaves what a second provisioning completes") {
  Broker broker;
  const auto set = broker.set(1);
  for (const auto* point :
       {"rabbit.provision.queues", "rabbit.provision.created", "rabbit.provision.user"}) {
    CAPTURE(point);
    CHECK(crashes_at(point, [&] {
      test::TestHost host(broker.folder());
      host.config_value = broker.host().config_value;
      return RabbitSwitch(host).provision(broker.queue_service(), set, "secret", soon());
    }));
    broker.must("GET", "/queues/" + broker.vhost() + "/" + broker.queue());
    if (std::string_view(point) == "rabbit.provision.created") break;
  }
  RabbitSwitch rabbit(broker.host());
  const auto env = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(env);
  CHECK(connect_as(env->at("AMQP_URL")));
  CHECK(broker.must("GET", "/users/" + set.str() + "/topic-permissions").items().size() == 1);
  for (const auto* point : {"rabbit.retire.limit", "rabbit.retire.user"}) {
    CHECK(crashes_at(point, [&] {
      test::TestHost host(broker.folder());
      host.config_value = broker.host().config_value;
      return RabbitSwitch(host).retire(set, soon());
    }));
  }
  CHECK_FALSE(rabbit.retire(set, soon())->changed);
}

TEST_CASE("no confirmed message is lost when a working set is cut") {
  for (int round = 0; round < 2; ++round) {
    Stage stage;
    const auto got = stage.broker.folder() / "got";
    // One line a message, appended in one write: the workers of both sets share the file.
    const std::vector<std::string> command{"sh", "-c",
                                           "read -r line; echo \"$line\" >> " + got.string()};
    std::vector<Beside> workers;
    for (int i = 0; i < 2; ++i) workers.push_back(stage.broker.worker(stage.bad_url, command));
    for (int i = 0; i < 2; ++i) workers.push_back(stage.broker.worker(stage.good_url, command));
    REQUIRE(eventually([&] {
      return stage.broker.connected(stage.bad) == 2 && stage.broker.connected(stage.good) == 2;
    }));
    constexpr int count = 600;
    auto publisher = connect_as(stage.guest_url());
    for (int i = 0; i < count; i += 50) {
      std::vector<Publication> some;
      for (int k = i; k < i + 50; ++k)
        some.push_back(message(stage.broker.queue(), fmt::format("m{}\n", k)));
      REQUIRE((*publisher)->publish(some, soon()));
      if (i == 200 + 100 * round)
        REQUIRE(stage.rabbit.cut(stage.bad, "loss", soon())->details["closed"].as_int() == 2);
    }
    std::set<std::string> seen;
    CHECK(eventually(
        [&] {
          std::istringstream lines(read_file(got).value_or(""));
          for (std::string line; std::getline(lines, line);) seen.insert(line);
          return seen.size() == count;
        },
        Millis(30'000)));
    CHECK(seen.size() == count);
    CHECK(stage.broker.connected(stage.good) == 2);
  }
}

TEST_CASE("a cut of three connections takes milliseconds", "[.][measure]") {
  Stage stage;
  for (int round = 0; round < 20; ++round) {
    std::vector<Beside> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(stage.broker.worker(stage.bad_url));
    REQUIRE(eventually([&] { return stage.broker.connected(stage.bad) == 3; }));
    const auto begun = std::chrono::steady_clock::now();
    const auto step = stage.rabbit.cut(stage.bad, "measure", soon());
    const auto took =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    REQUIRE(step);
    fmt::print("cut of 3: {:.1f} ms {}\n", took, step->details.dump());
    REQUIRE(stage.rabbit.mend(stage.bad, {}, soon()));
  }
}
