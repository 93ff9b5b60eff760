#include "plugins/rabbit/switch/provision.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/bindings.hpp"
#include "plugins/rabbit/broker/users.hpp"
#include "plugins/rabbit/switch/rights.hpp"

namespace cdctl::rabbit {

namespace {

ApiCall declare_exchange(const std::string& vhost, const std::string& name,
                         const Exchange& exchange) {
  return {.method = "PUT",
          .path = path_of({"exchanges", vhost, name}),
          .body = Json::object({{"type", exchange.type},
                                {"durable", exchange.durable},
                                {"arguments", exchange.arguments}}),
          .doing = "declaring the exchange " + printable(name, 80)};
}

ApiCall declare_queue(const std::string& vhost, const std::string& name, const Queue& queue) {
  return {.method = "PUT",
          .path = path_of({"queues", vhost, name}),
          .body = Json::object(
              {{"durable", queue.durable}, {"auto_delete", false}, {"arguments", queue.arguments}}),
          .doing = "declaring the queue " + printable(name, 80)};
}

ApiCall declare_binding(const std::string& vhost, const std::string& queue,
                        const Binding& binding) {
  return {.method = "POST",
          .path = path_of({"bindings", vhost, "e", binding.exchange, "q", queue}),
          .body = Json::object({{"routing_key", binding.key}}),
          .doing = fmt::format("binding the queue {} to the exchange {}", printable(queue, 80),
                               printable(binding.exchange, 80))};
}

Queue feed_queue(const FeedShape& feed) {
  Queue queue{.type = "stream",
              .durable = true,
              .arguments = Json::object({{"x-queue-type", "stream"}, {"x-max-age", feed.max_age}}),
              .bindings = {}};
  if (feed.max_bytes > 0) queue.arguments.set("x-max-length-bytes", feed.max_bytes);
  return queue;
}

/// Of what its keepers say to each other nothing is worth more than some seconds.
Queue turn_queue() {
  return {.type = "classic",
          .durable = true,
          .arguments = Json::object({{"x-message-ttl", 10'000}, {"x-max-length", 1000}}),
          .bindings = {}};
}

constexpr Millis k_first_pause(100), k_longest_pause(1000), k_patience(10'000);

/// Declares them all, and again those that the broker failed at (5xx): of several who declare the
/// first stream of a broker at once RabbitMQ answers 500 to all but one or two while its stream
/// coordinator starts (seen with 3.10: six at once, four times 500, with an empty body).
std::vector<Result<ApiAnswer>> declare_all(Management& management, std::span<const ApiCall> calls,
                                           const Deadline& deadline) {
  auto answers = management.send_all(calls, deadline);
  const Deadline patience(std::min(k_patience, deadline.left()));
  for (Millis pause = k_first_pause;; pause = std::min(pause * 2, k_longest_pause)) {
    std::vector<std::size_t> failed;
    for (std::size_t i = 0; i < answers.size(); ++i)
      if (answers[i] && answers[i]->status >= 500) failed.push_back(i);
    if (failed.empty() || !pause_for(pause, patience) || patience.passed()) return answers;
    for (const auto i : failed) answers[i] = management.send(calls[i], deadline);
  }
}

/// Makes the stream unless one is there: that may have another retention, which an operator chose
/// or an earlier configuration said.
Result<> declare_feed_queue(Management& management, const BrokerSettings& settings,
                            const Deadline& deadline) {
  const auto call =
      declare_queue(settings.amqp.vhost, settings.feed.queue, feed_queue(settings.feed));
  CDCTL_TRY_ASSIGN(const auto answer,
                   std::move(declare_all(management, std::span(&call, 1), deadline).front()));
  if (answer.ok()) return {};
  if (answer.status != 400 || !answer.text.contains("inequivalent"))
    return fail(management.explain(call, answer));
  management.host().log(Level::note, fmt::format("{} keeps another retention than feed_max_age and "
                                                 "feed_max_bytes say; a policy can change it",
                                                 settings.feed.queue));
  return {};
}

/// Whether the memory says that this set is bad.
Result<bool> known_bad(Management& management, const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto found,
      management.get_if_there({.path = path_of({"global-parameters", "cdctl.cut." + set.str()}),
                               .doing = "reading the cut memory of " + set.str(),
                               .name = "cdctl.cut." + set.str()},
                              deadline));
  return found && (*found)["value"]["cut"].as_bool();
}

Result<> create_user(Management& management, const ServiceConfig& service, const Topology& topology,
                     const SetName& set, std::string_view secret, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  const auto rights = rights_of(topology, set, turns_of(service));
  CDCTL_TRY_ASSIGN(const bool bad, known_bad(management, set, deadline));
  Json limits = Json::object();
  if (bad)
    limits.set("max-connections", 0);
  else if (topology.max_connections)
    limits.set("max-connections", *topology.max_connections);
  CDCTL_TRY(management.act(
      {.method = "PUT",
       .path = path_of({"users", set.str()}),
       .body = Json::object({{"password", secret},
                             {"tags", k_tag},
                             {"permissions", Json::object({{vhost, rights.permission()}})},
                             {"limits", limits}}),
       .doing = "making the user " + set.str()},
      deadline));
  crash_point("rabbit.provision.created");
  CDCTL_TRY(management.act({.method = "PUT",
                            .path = path_of({"topic-permissions", vhost, set.str()}),
                            .body = rights.topic_permission(),
                            .doing = "giving the topic permission of " + set.str()},
                           deadline));
  // A break that came between the look at the memory and the user found no user to limit. It wrote
  // the memory first, so a second look sees it; one that comes later finds the user.
  CDCTL_TRY_ASSIGN(const bool now_bad, known_bad(management, set, deadline));
  if (now_bad && !bad) CDCTL_TRY(set_limit(management, set.str(), 0, deadline));
  return {};
}

/// Password and permissions brought up to date. `limits` is left out, since it would replace what
/// is in force.
Result<> repair_user(Management& management, const ServiceConfig& service, const Topology& topology,
                     const SetName& set, std::string_view secret, const Deadline& deadline) {
  CDCTL_TRY(repair_rights(management, service, rights_of(topology, set, turns_of(service)), set,
                          deadline));
  return management.act({.method = "PUT",
                         .path = path_of({"users", set.str()}),
                         .body = Json::object({{"password", secret}, {"tags", k_tag}}),
                         .doing = "setting the password of " + set.str()},
                        deadline);
}

}  // namespace

Result<> declare_topology(Management& management, const ServiceConfig& service,
                          const Topology& topology, const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto& vhost = settings->amqp.vhost;
  std::vector<ApiCall> things{declare_exchange(vhost, settings->feed.exchange, {.type = "topic"})};
  std::vector<ApiCall> bindings{
      declare_binding(vhost, settings->feed.queue, {settings->feed.exchange, "#"})};
  for (const auto& [name, exchange] : topology.exchanges)
    things.push_back(declare_exchange(vhost, name, exchange));
  for (const auto& [name, queue] : topology.queues) {
    things.push_back(declare_queue(vhost, name, queue));
    for (const auto& binding : queue.bindings)
      bindings.push_back(declare_binding(vhost, name, binding));
  }
  for (const auto& turn : turns_of(service)) {
    things.push_back(declare_exchange(vhost, turn.exchange, {.type = "fanout"}));
    things.push_back(declare_queue(vhost, turn.queue, turn_queue()));
    bindings.push_back(declare_binding(vhost, turn.queue, {turn.exchange, ""}));
  }
  CDCTL_TRY(declare_feed_queue(management, *settings, deadline));
  CDCTL_TRY(management.check_all(things, declare_all(management, things, deadline)));
  CDCTL_TRY(management.act_all(bindings, deadline));
  return remove_foreign_bindings(management, deadline);
}

Result<> declare_user(Management& management, const ServiceConfig& service,
                      const Topology& topology, const SetName& set, std::string_view secret,
                      const Deadline& deadline) {
  if (secret.empty()) return fail("making the user " + set.str() + ": no password was given");
  CDCTL_TRY_ASSIGN(const auto there, read_limit(management, set.str(), deadline));
  if (there) return repair_user(management, service, topology, set, secret, deadline);
  return create_user(management, service, topology, set, secret, deadline);
}

}  // namespace cdctl::rabbit
