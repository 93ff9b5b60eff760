#include "plugins/rabbit/switch/describe.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/users.hpp"

namespace cdctl::rabbit {

namespace {

/// A value that is not there, or is of another type while the broker still collects statistics, is
/// null: not known.
Json number(const Json& value) { return value.is_int() ? value : Json(); }

Json describe_connections(const Json& fresh, const Json& statistics) {
  Json out = Json::array();
  for (const auto& row : fresh.items()) {
    Json item = Json::object({{"name", row["name"]}, {"peer", Json()}, {"since", Json()}});
    const auto name = row["name"].view();
    item.set("peer", name.substr(0, name.find(" -> ")));
    for (const auto& known : statistics.items()) {
      if (known["name"].view() != name) continue;
      // Shown some seconds after the connection; until then `since` is null.
      if (known["connected_at"].is_int())
        item.set("since", to_rfc3339(Time(Millis(known["connected_at"].as_int()))));
      if (known["client_properties"]["connection_name"].is_string())
        item.set("client", known["client_properties"]["connection_name"]);
    }
    out.push_back(std::move(item));
  }
  return out;
}

/// Counts of the queues: `ready` and `consumers` over AMQP, which are of now; the rest from the
/// statistics, which may be seconds old. A broker that closes AMQP to us leaves nulls.
Json describe_queues(Management& management, const BrokerSettings& settings,
                     const Topology& topology, const Deadline& deadline) {
  Json out = Json::object();
  auto driver = amqp_driver();
  auto link = driver ? (*driver)->connect(settings.amqp, deadline.at_most(Millis(3000)))
                     : Result<std::unique_ptr<AmqpLink>>(std::unexpected(driver.error()));
  if (!link)
    management.host().log(Level::warning,
                          "counting the messages in the queues: " + link.error().what);
  for (const auto& [name, queue] : topology.queues) {
    Json item = Json::object(
        {{"type", queue.type}, {"ready", Json()}, {"unacked", Json()}, {"consumers", Json()}});
    if (link && *link) {
      const auto counts = (*link)->counts(name, deadline);
      if (counts && *counts)
        item.set("ready", (*counts)->ready).set("consumers", (*counts)->consumers);
      else if (counts)
        item.set("absent", true);
    }
    const auto statistics =
        management.get_if_there({.path = path_of({"queues", settings.amqp.vhost, name}) +
                                         "?columns=messages_unacknowledged",
                                 .doing = "reading the queue " + printable(name, 80),
                                 .shape = Shape::any},
                                deadline);
    if (statistics && *statistics)
      item.set("unacked", number((**statistics)["messages_unacknowledged"]));
    out.set(name, std::move(item));
  }
  return out;
}

}  // namespace

Result<Json> describe_set(Management& management, const Topology& topology, const SetName& set,
                          const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto user = set.str();
  CDCTL_TRY_ASSIGN(const auto limit, read_limit(management, user, deadline));
  Json out = Json::object({{"user", limit ? Json(user) : Json()}});
  if (limit) {
    const ApiCall calls[] = {
        {.path = path_of({"connections", "username", user}),
         .doing = "listing the connections of " + user,
         .shape = Shape::list},
        {.path = "/connections?columns=name,user,connected_at,client_properties.connection_name",
         .doing = "listing connections",
         .shape = Shape::list},
        {.path = path_of({"users", user, "permissions"}),
         .doing = "reading the permissions of " + user,
         .shape = Shape::list},
        {.path = path_of({"users", user, "topic-permissions"}),
         .doing = "reading the topic permissions of " + user,
         .shape = Shape::list}};
    const auto answers = management.send_all(calls, deadline);
    std::vector<Json> parts;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return fail(answers[i].error());
      if (answers[i]->not_there())
        return fail(ExitCode::unknown, user + ": the user was removed while it was looked at");
      CDCTL_TRY_ASSIGN(auto json, management.parse(calls[i], *answers[i]));
      parts.push_back(std::move(json));
    }
    out.set("cut", limit->cut());
    if (limit->most) out.set("limit", *limit->most);  // null would mean that it could not be read
    out.set("connections", describe_connections(parts[0], parts[1]));
    out.set("permissions", parts[2]);
    out.set("topic_permissions", parts[3]);
  }
  out.set("queues", describe_queues(management, *settings, topology, deadline));
  return out;
}

}  // namespace cdctl::rabbit
