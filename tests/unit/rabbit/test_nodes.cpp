#include <atomic>
#include <chrono>
#include <memory>

#include <catch2/catch.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::FakeHttp;

namespace {

const ApiCall k_call{.path = "/users/x", .doing = "reading the user x", .name = "x"};

std::string node(const FakeHttp::Request&) { return FakeHttp::answer(200, R"({"name":"x"})"); }
std::string hangs(const FakeHttp::Request&) { return {}; }

/// A broker with these nodes.
struct Cluster {
  test::TempDir folder;
  test::TestHost host{folder.path()};
  Management management;
  explicit Cluster(const std::vector<std::string>& nodes) : management(host, settings(nodes)) {}
  static BrokerSettings settings(const std::vector<std::string>& nodes) {
    BrokerSettings out;
    out.managements = nodes;
    return out;
  }
};

constexpr const char* k_nobody = "http://127.0.0.1:1";

}  // namespace

TEST_CASE("a node that is down or hangs is passed over for the next") {
  FakeHttp good(node), dead_slow(hangs);
  const int before = GENERATE(0, 1, 2, 3);
  std::vector<std::string> nodes;
  if (before & 1) nodes.emplace_back(k_nobody);
  if (before & 2) nodes.push_back(dead_slow.url());
  nodes.push_back(good.url());
  nodes.emplace_back(k_nobody);
  Cluster cluster(nodes);
  const auto begun = std::chrono::steady_clock::now();
  CHECK(cluster.management.get(k_call, Deadline(Millis(10'000))));
  CHECK(std::chrono::steady_clock::now() - begun < Millis(3000));
  CHECK(cluster.management.base() == good.url());
  CHECK(cluster.management.get(k_call, Deadline(Millis(10'000))));
  CHECK(good.seen().size() == 3);  // who it is was asked once
}

TEST_CASE("a node that goes away is left for another, and the call is made again") {
  FakeHttp good(node);
  auto first = std::make_unique<FakeHttp>(node);
  Cluster cluster({first->url(), good.url()});
  CHECK(cluster.management.get(k_call, Deadline(Millis(5000))));
  CHECK(good.seen().empty());
  first.reset();
  CHECK(cluster.management.get(k_call, Deadline(Millis(5000))));
  CHECK(cluster.management.base() == good.url());
}

TEST_CASE(
    "what answers otherwise than RabbitMQ is passed over, and a refused password is an answer") {
  const int status = GENERATE(302, 404, 503, 401);
  FakeHttp first([&](const FakeHttp::Request&) { return FakeHttp::answer(status, "{}"); });
  FakeHttp good(node);
  Cluster cluster({first.url(), good.url()});
  CHECK(cluster.management.get(k_call, Deadline(Millis(5000))).has_value() == (status != 401));
  CHECK((cluster.management.base() == good.url()) == (status != 401));
}

TEST_CASE("when no node answers, that is said") {
  Cluster cluster({k_nobody, "http://127.0.0.1:2"});
  const auto asked = cluster.management.get(k_call, Deadline(Millis(5000)));
  REQUIRE_FALSE(asked);
  CHECK(asked.error().exit == ExitCode::unknown);
  CHECK(asked.error().what.contains("none of its 2 addresses answers"));
}

TEST_CASE("a node that answers late is asked who it is before the next call") {
  std::atomic<bool> slow{false};
  FakeHttp first(
      [&](const FakeHttp::Request& request) { return slow ? hangs(request) : node(request); });
  FakeHttp second(node);
  Cluster cluster({first.url(), second.url()});
  CHECK(cluster.management.get(k_call, Deadline(Millis(5000))));
  slow = true;
  const auto late = cluster.management.get(k_call, Deadline(Millis(300)));
  REQUIRE_FALSE(late);
  CHECK(late.error().exit == ExitCode::timeout);
  CHECK(cluster.management.get(k_call, Deadline(Millis(5000))));
  CHECK(cluster.management.base() == second.url());
}
