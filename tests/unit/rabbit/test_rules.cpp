#include <catch2/catch.hpp>

#include "plugins/rabbit/broker/policies.hpp"
#include "plugins/rabbit/broker/version.hpp"
#include "plugins/rabbit/switch/dead_letters.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

TEST_CASE("a version is read as RabbitMQ writes it") {
  CHECK(parse_version("3.10.8") == Version{3, 10});
  CHECK(parse_version("4.1.0-rc.1") == Version{4, 1});
  CHECK(parse_version("4") == Version{4, 0});
  CHECK(Version{3, 9} < k_timeout_by_queue);
  CHECK(Version{4, 0} >= k_limits_by_default);
  for (const auto* wrong : {"", "x", "-1.2", "0.3", ".4"}) CHECK_FALSE(parse_version(wrong));
}

TEST_CASE("a topic's pattern takes words") {
  CHECK(topic_matches("a.b", "a.b"));
  CHECK(topic_matches("a.*", "a.b"));
  CHECK(topic_matches("#", ""));
  CHECK(topic_matches("#", "a.b.c"));
  CHECK(topic_matches("a.#", "a"));
  CHECK(topic_matches("#.c", "a.b.c"));
  CHECK(topic_matches("a.#.c.*", "a.c.c.d"));
  CHECK_FALSE(topic_matches("a.*", "a"));
  CHECK_FALSE(topic_matches("*", ""));
  CHECK_FALSE(topic_matches("a.*", "a.b.c"));
  CHECK_FALSE(topic_matches("#.b", "a.b.c"));
  CHECK_FALSE(topic_matches("", "a"));
}

TEST_CASE("a policy for one queue is a command that stands as it is") {
  CHECK(policy_key("x-delivery-limit") == "delivery-limit");
  CHECK(policy_key("x-queue-type").empty());
  CHECK(policy_command("/", "thumbs", "delivery-limit", -1) ==
        "rabbitmqctl set_policy 'delivery-limit-thumbs' '^thumbs$' '{\"delivery-limit\":-1}' "
        "--apply-to queues");
  CHECK(policy_command("jobs", "a.b", "max-length", 5) ==
        "rabbitmqctl set_policy -p 'jobs' 'max-length-a.b' '^(?:a\\.b)\\z' '{\"max-length\":5}' "
        "--apply-to queues");
  CHECK(policy_command("/", "a';ls", "max-length", 5) ==
        "rabbitmqctl set_policy 'max-length-a'\\'';ls' '^(?:a'\\'';ls)\\z' '{\"max-length\":5}' "
        "--apply-to queues");
}
