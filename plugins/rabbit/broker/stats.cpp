#include "plugins/rabbit/broker/stats.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

/// Two of the intervals at which the broker counts: what a channel does is in the statistics then.
constexpr Millis k_counted_after{10'000};

/// Statistics begin some seconds after what they speak of: until then a number is not there. More
/// than anybody counts is cut off, so that no sum overflows.
std::int64_t number(const Json& value) {
  return std::clamp<std::int64_t>(value.as_int(), 0, k_highest_count);
}

/// The connection of a channel: `127.0.0.1:58062 -> 127.0.0.1:5672 (1)`.
std::string connection_of(const std::string& channel) {
  return channel.substr(0, channel.rfind(" ("));
}

/// Those of their connections that take messages: by a consumer, or by asking for them.
std::set<std::string> take_channels(const Json& rows, const std::set<std::string>& keepers,
                                    BrokerStats& look) {
  std::set<std::string> working;
  for (const auto& row : rows.items()) {
    if (!parse_set_name(row["user"].view()) || !row["name"].is_string() ||
        keepers.contains(connection_of(row["name"].as_string())))
      continue;
    auto& user = look.users[row["user"].as_string()];
    const auto& stats = row["message_stats"];
    user.consumers += number(row["consumer_count"]);
    user.channels[row["name"].as_string()] = {
        .delivered = number(stats["deliver"]) + number(stats["get"]),
        .acknowledged = number(stats["ack"]),
        .settled = number(stats["deliver_no_ack"]) + number(stats["get_no_ack"]),
        .unacked = number(row["messages_unacknowledged"]),
        .redelivered = number(stats["redeliver"]),
        .unroutable = number(stats["return_unroutable"]),
    };
    const auto asked =
        number(stats["get"]) + number(stats["get_no_ack"]) + number(stats["get_empty"]);
    if (number(row["consumer_count"]) > 0 || asked > 0)
      working.insert(connection_of(row["name"].as_string()));
  }
  return working;
}

/// What the broker knows of a connection beyond that it is open: a moment after it was opened.
struct KnownConnection {
  bool other_protocol = false;  ///< which has no channels that tell
  bool young = false;           ///< what is known of its channels may be from before they worked
};

std::map<std::string, KnownConnection> known_connections(const Json& states, Millis ahead) {
  std::map<std::string, KnownConnection> out;
  for (const auto& row : states.items()) {
    if (!parse_set_name(row["user"].view()) || row["state"].is_null()) continue;
    const auto protocol = row["protocol"].view();
    const auto opened = row["connected_at"].as_int(0);
    out[row["name"].as_string()] = {!protocol.empty() && protocol != "AMQP 0-9-1",
                                    opened > 0 && opened <= k_highest_count &&
                                        now() - ahead - Time(Millis(opened)) < k_counted_after};
  }
  return out;
}

/// Which of the open connections take messages. The statistics are some seconds old: one that they
/// do not have yet, or have seen only begin, may.
void take_work(const std::set<std::string>& working,
               const std::map<std::string, KnownConnection>& known, BrokerStats& look) {
  for (auto& [name, user] : look.users)
    for (const auto& connection : user.connections) {
      const auto at = known.find(connection);
      if (working.contains(connection) || (at != known.end() && at->second.other_protocol))
        ++user.working;
      else if (at == known.end() || at->second.young)
        ++user.unsure;
    }
}

void take_connections(const Json& fresh, const Json& states, const std::set<std::string>& keepers,
                      BrokerStats& look) {
  for (const auto& row : fresh.items())
    if (parse_set_name(row["user"].view()) && !keepers.contains(row["name"].as_string()))
      look.users[row["user"].as_string()].connections.insert(row["name"].as_string());
  for (const auto& row : states.items()) {
    const auto user = look.users.find(row["user"].as_string());
    if (user != look.users.end() &&
        (row["state"].view() == "blocked" || row["state"].view() == "blocking"))
      ++user->second.blocked;
  }
}

void take_queues(const Json& rows, const std::map<std::string, std::set<std::string>>& wanted,
                 BrokerStats& look) {
  for (const auto& [service, queues] : wanted) {
    look.dead_letters[service] = 0;
    for (const auto& row : rows.items())
      if (queues.contains(row["name"].as_string()))
        look.dead_letters[service] += number(row["messages"]);
  }
}

std::map<std::string, std::set<std::string>> dead_letters_of(std::span<const ProbeTarget> targets) {
  std::map<std::string, std::set<std::string>> out;
  for (const auto& target : targets) {
    if (out.contains(target.service.name)) continue;
    if (auto queues = dead_letter_queues(target.service); !queues.empty())
      out.emplace(target.service.name, std::move(queues));
  }
  return out;
}

}  // namespace

bool is_keeper_connection(const Json& row) {
  return row["client_properties"]["connection_name"].view().starts_with(k_keeper_connection) ||
         row["user_provided_name"].view().starts_with(k_keeper_connection);
}

std::set<std::string> dead_letter_queues(const ServiceConfig& service) {
  std::set<std::string> out;
  const auto topology = read_topology(service);
  if (!topology) return out;  // deploy says what is wrong with it
  for (const auto& [name, queue] : topology->queues) {
    const auto& exchange = queue.arguments["x-dead-letter-exchange"];
    if (!exchange.is_string()) continue;
    for (const auto& [target, other] : topology->queues) {
      if (exchange.view().empty() && queue.arguments["x-dead-letter-routing-key"].view() == target)
        out.insert(target);
      for (const auto& binding : other.bindings)
        if (!exchange.view().empty() && binding.exchange == exchange.view()) out.insert(target);
    }
  }
  return out;
}

Result<BrokerStats> read_stats(Management& management, std::span<const ProbeTarget> targets,
                               const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto dead_letters = dead_letters_of(targets);
  std::vector<ApiCall> calls{
      {.path = "/channels?columns=name,user,consumer_count,messages_unacknowledged,message_stats",
       .doing = "reading the channels of the broker",
       .shape = Shape::list},
      {.path = "/connections?disable_stats=true",
       .doing = "listing connections",
       .shape = Shape::list},
      {.path = "/connections?columns=name,user,state,connected_at,protocol,"
               "client_properties.connection_name",
       .doing = "reading the states of connections",
       .shape = Shape::list},
  };
  if (!dead_letters.empty()) {
    calls.push_back({.path = path_of({"queues", settings->amqp.vhost}) + "?columns=name,messages",
                     .doing = "counting dead letters",
                     .shape = Shape::list});
  }
  const auto answers = management.send_all(calls, deadline);
  BrokerStats look;
  look.at = now();
  std::vector<Json> lists;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    CDCTL_TRY_ASSIGN(auto list, management.parse(calls[i], *answers[i]));
    lists.push_back(std::move(list));
  }
  std::set<std::string> keepers;
  for (const auto* list : {&lists[1], &lists[2]})
    for (const auto& row : list->items())
      if (is_keeper_connection(row)) keepers.insert(row["name"].as_string());
  const auto working = take_channels(lists[0], keepers, look);
  take_connections(lists[1], lists[2], keepers, look);
  take_work(working, known_connections(lists[2], management.ahead()), look);
  if (!dead_letters.empty()) take_queues(lists[3], dead_letters, look);
  return look;
}

}  // namespace cdctl::rabbit
