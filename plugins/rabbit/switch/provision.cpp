#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/users.hpp"
#include "plugins/rabbit/switch/switch.hpp"

namespace cdctl::rabbit {

namespace {

// Tags become atoms of the broker that are never freed: a constant, and one that grants nothing.
constexpr const char* k_tag = "cdctl";

Call declare_exchange(const std::string& vhost, const std::string& name, const Exchange& exchange) {
  return {.method = "PUT",
          .path = path_of({"exchanges", vhost, name}),
          .body = Json::object({{"type", exchange.type},
                                {"durable", exchange.durable},
                                {"arguments", exchange.arguments}}),
          .doing = "declaring the exchange " + printable(name, 80)};
}

Call declare_queue(const std::string& vhost, const std::string& name, const Queue& queue) {
  return {.method = "PUT",
          .path = path_of({"queues", vhost, name}),
          .body = Json::object(
              {{"durable", queue.durable}, {"auto_delete", false}, {"arguments", queue.arguments}}),
          .doing = "declaring the queue " + printable(name, 80)};
}

Call declare_binding(const std::string& vhost, const std::string& queue, const Binding& binding) {
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

/// Makes the stream unless one is there: that may have another retention, which an operator chose
/// or an earlier configuration said.
Result<> declare_feed_queue(Management& management, const Settings& settings,
                            const Deadline& deadline) {
  const auto call =
      declare_queue(settings.amqp.vhost, settings.feed.queue, feed_queue(settings.feed));
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok()) return {};
  if (answer.status != 400 || !answer.text.contains("inequivalent"))
    return fail(management.explain(call, answer));
  management.host().log(Level::note, fmt::format("{} keeps another retention than feed_max_age and "
                                                 "feed_max_bytes say; a policy can change it",
                                                 settings.feed.queue));
  return {};
}

Json permissions_of(const Topology& topology, const FeedShape& feed) {
  std::vector<std::string> read, write{feed.exchange};
  for (const auto& [name, queue] : topology.queues) read.push_back(name);
  for (const auto& name : topology.publish) write.push_back(name.empty() ? "amq.default" : name);
  return Json::object({{"configure", "^$"}, {"write", exactly(write)}, {"read", exactly(read)}});
}

/// A set's user may signal for its own set only.
Call restrict_signals(const Settings& settings, const SetName& set) {
  return {.method = "PUT",
          .path = path_of({"topic-permissions", settings.amqp.vhost, set.str()}),
          .body = Json::object({{"exchange", settings.feed.exchange},
                                {"write", fmt::format("^{}\\.{}\\.", set.service, set.revision)},
                                {"read", "^$"}}),
          .doing = "giving the topic permission of " + set.str()};
}

/// Whether the memory says that this set is bad.
Result<bool> known_bad(Management& management, const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto found,
      management.get_if_there({.path = path_of({"global-parameters", "cdctl.cut." + set.str()}),
                               .doing = "reading the cut memory of " + set.str()},
                              deadline));
  return found && (*found)["value"]["cut"].as_bool();
}

Result<> create_user(Management& management, const Settings& settings, const Topology& topology,
                     const SetName& set, std::string_view secret, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool bad, known_bad(management, set, deadline));
  Json limits = Json::object();
  if (bad)
    limits.set("max-connections", 0);
  else if (topology.max_connections)
    limits.set("max-connections", *topology.max_connections);
  const auto permissions =
      Json::object({{settings.amqp.vhost, permissions_of(topology, settings.feed)}});
  CDCTL_TRY(management.act({.method = "PUT",
                            .path = path_of({"users", set.str()}),
                            .body = Json::object({{"password", secret},
                                                  {"tags", k_tag},
                                                  {"permissions", permissions},
                                                  {"limits", limits}}),
                            .doing = "making the user " + set.str()},
                           deadline));
  crash_point("rabbit.provision.created");
  CDCTL_TRY(management.act(restrict_signals(settings, set), deadline));
  // A break that came between the look at the memory and the user found no user to limit. It wrote
  // the memory first, so a second look sees it; one that comes later finds the user.
  CDCTL_TRY_ASSIGN(const bool now_bad, known_bad(management, set, deadline));
  if (now_bad && !bad) CDCTL_TRY(set_limit(management, set.str(), 0, deadline));
  return {};
}

/// Password and permissions brought up to date. `limits` is left out, since it would replace what
/// is in force.
Result<> repair_user(Management& management, const Settings& settings, const Topology& topology,
                     const SetName& set, std::string_view secret, const Deadline& deadline) {
  const Call permissions{.method = "PUT",
                         .path = path_of({"permissions", settings.amqp.vhost, set.str()}),
                         .body = permissions_of(topology, settings.feed),
                         .doing = "giving the permissions of " + set.str()};
  const Call password{.method = "PUT",
                      .path = path_of({"users", set.str()}),
                      .body = Json::object({{"password", secret}, {"tags", k_tag}}),
                      .doing = "setting the password of " + set.str()};
  const Call all[] = {restrict_signals(settings, set), permissions, password};
  for (const auto& call : all) CDCTL_TRY(management.act(call, deadline));
  return {};
}

}  // namespace

Result<> declare_topology(Management& management, const Topology& topology,
                          const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto& vhost = settings->amqp.vhost;
  std::vector<Call> things{declare_exchange(vhost, settings->feed.exchange, {.type = "topic"})};
  std::vector<Call> bindings{
      declare_binding(vhost, settings->feed.queue, {settings->feed.exchange, "#"})};
  for (const auto& [name, exchange] : topology.exchanges)
    things.push_back(declare_exchange(vhost, name, exchange));
  for (const auto& [name, queue] : topology.queues) {
    things.push_back(declare_queue(vhost, name, queue));
    for (const auto& binding : queue.bindings)
      bindings.push_back(declare_binding(vhost, name, binding));
  }
  CDCTL_TRY(declare_feed_queue(management, *settings, deadline));
  CDCTL_TRY(management.act_all(things, deadline));
  return management.act_all(bindings, deadline);
}

Result<> declare_user(Management& management, const Topology& topology, const SetName& set,
                      std::string_view secret, const Deadline& deadline) {
  if (secret.empty()) return fail("making the user " + set.str() + ": no password was given");
  const auto* settings = &management.settings();
  CDCTL_TRY_ASSIGN(const auto there, read_limit(management, set.str(), deadline));
  if (there) return repair_user(management, *settings, topology, set, secret, deadline);
  return create_user(management, *settings, topology, set, secret, deadline);
}

}  // namespace cdctl::rabbit
