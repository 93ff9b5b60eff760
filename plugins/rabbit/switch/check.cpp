#include "plugins/rabbit/switch/check.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/pattern.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

/// What is known of the broker before a queue is judged.
struct BrokerRules {
  int major = 0;
  Json policies, operator_policies;
};

/// The definition of the policy in force for a quorum queue: the matching one with the highest
/// priority. One whose pattern nobody can judge in time may be that one, or hide it.
Result<Json> policy_for(const Json& policies, const std::string& queue, const Deadline& deadline) {
  const Json* best = nullptr;
  for (const auto& policy : policies.items()) {
    const auto applies = policy["apply-to"].as_string("all");
    if (applies != "all" && applies != "queues" && applies != "quorum_queues") continue;
    if (deadline.passed())
      return fail(ExitCode::timeout, "looking for the policy of a queue took too long");
    const auto here = matches(policy["pattern"].view(), queue);
    if (!here)
      return fail(ExitCode::refused,
                  fmt::format("whether the policy {} holds for the queue {} cannot be said: {}; "
                              "give it a simpler pattern",
                              printable(policy["name"].view(), 80), printable(queue, 80),
                              here.error().what));
    if (!*here) continue;
    if (!best || policy["priority"].as_int() > (*best)["priority"].as_int()) best = &policy;
  }
  return best ? (*best)["definition"] : Json::object();
}

/// The two definitions that hold for a quorum queue.
struct Policies {
  Json users, operators;

  static Result<Policies> of(const std::string& queue, const BrokerRules& rules,
                             const Deadline& deadline) {
    Policies out;
    CDCTL_TRY_ASSIGN(out.users, policy_for(rules.policies, queue, deadline));
    CDCTL_TRY_ASSIGN(out.operators, policy_for(rules.operator_policies, queue, deadline));
    return out;
  }
};

/// Deliveries after which a message is dropped; empty = never. The smallest of all that say
/// something.
std::optional<std::int64_t> delivery_limit(const Json& arguments, const Policies& policies,
                                           int major) {
  std::optional<std::int64_t> least;
  bool said = false;
  for (const auto* value : {&arguments["x-delivery-limit"], &policies.users["delivery-limit"],
                            &policies.operators["delivery-limit"]}) {
    if (!value->is_int()) continue;
    said = true;
    // Negative lifts the limit, from RabbitMQ 4 on. Before, it is less than one return.
    if (value->as_int() < 0 && major >= 4) continue;
    const auto limit = std::max<std::int64_t>(value->as_int(), 0);
    least = std::min(least.value_or(limit), limit);
  }
  if (!said && major >= 4) return 20;  // what RabbitMQ 4 gives quorum queues by itself
  return least;
}

/// What as_declared() says of one queue. Who accepts a loss, or has somewhere for the dropped ones
/// to go, gets the broker's own limit.
void settle_limit(const ServiceConfig& service, Queue& queue, const Json& theirs, int major) {
  constexpr const char* key = "x-delivery-limit";
  if (major < 4 || queue.type != "quorum" || queue.arguments.find(key)) return;
  if (!theirs.is_null()) {
    const auto& limit = theirs["arguments"][key];
    if (limit.is_int() && limit.as_int() < 0) queue.arguments.set(key, limit);
    return;
  }
  if (!service.accept_loss && !queue.arguments.find("x-dead-letter-exchange"))
    queue.arguments.set(key, -1);
}

/// A cut hands messages back, which counts as a delivery: with a limit, and nowhere for the dropped
/// ones to go, cuts lose messages.
Result<> refuse_loss(const ServiceConfig& service, const std::string& name, const Queue& queue,
                     const BrokerRules& rules, const Deadline& deadline) {
  const bool somewhere = queue.arguments["x-dead-letter-exchange"].is_string();
  if (queue.type != "quorum" || service.accept_loss || somewhere) return {};
  const auto policies = Policies::of(name, rules, deadline);
  if (!policies) return fail(policies.error().in(service.name));
  const auto limit = delivery_limit(queue.arguments, *policies, rules.major);
  const bool has_exchange = policies->users["dead-letter-exchange"].is_string() ||
                            policies->operators["dead-letter-exchange"].is_string();
  if (!limit || has_exchange) return {};
  return fail(ExitCode::refused,
              fmt::format("{}: the queue {} drops a message after {} deliveries and has no "
                          "dead-letter exchange: cuts would lose "
                          "messages; {}, or set x-dead-letter-exchange or accept_loss = true",
                          service.name, printable(name, 80), *limit,
                          rules.major >= 4 ? "set x-delivery-limit = -1, or a policy with "
                                             "delivery-limit = -1 where the queue is there already"
                                           : "leave x-delivery-limit out (before RabbitMQ 4, -1 "
                                             "drops at the first return)"));
}

std::unexpected<Error> conflict(const std::string& what, const std::string& key,
                                const std::string& ours, const std::string& theirs) {
  return fail(
      fmt::format("{} is there with {} = {}, and the service's file says {}; change the file, or "
                  "delete it on the broker",
                  what, key, printable(theirs, 60), printable(ours, 60)));
}

Result<> compare_arguments(const std::string& what, const Json& ours, const Json& theirs) {
  for (const auto& [key, value] : ours.members())
    if (key != "x-queue-type" && theirs[key] != value)
      return conflict(what, key, value.dump(), theirs[key].dump());
  for (const auto& [key, value] : theirs.members())
    if (key != "x-queue-type" && !ours.find(key))
      return conflict(what, key, "nothing of it", value.dump());
  return {};
}

Result<> compare_queue(const std::string& name, const Queue& ours, const Json& theirs) {
  const auto what = "the queue " + printable(name, 80);
  const auto type = theirs["type"].as_string("classic");
  if (type != ours.type) return conflict(what, "type", ours.type, type);
  if (theirs["durable"].as_bool(true) != ours.durable)
    return conflict(what, "durable", Json(ours.durable).dump(), theirs["durable"].dump());
  return compare_arguments(what, ours.arguments, theirs["arguments"]);
}

Result<> compare_exchange(const std::string& name, const Exchange& ours, const Json& theirs) {
  const auto what = "the exchange " + printable(name, 80);
  if (theirs["type"].view() != ours.type)
    return conflict(what, "type", ours.type, theirs["type"].as_string());
  if (theirs["durable"].as_bool(true) != ours.durable)
    return conflict(what, "durable", Json(ours.durable).dump(), theirs["durable"].dump());
  return compare_arguments(what, ours.arguments, theirs["arguments"]);
}

/// Answers in the order of the calls; a 404 is a null value.
Result<std::vector<Json>> ask_all(Management& management, const std::vector<ApiCall>& calls,
                                  const Deadline& deadline) {
  const auto answers = management.send_all(calls, deadline);
  std::vector<Json> found;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->not_there()) {
      found.emplace_back();
      continue;
    }
    CDCTL_TRY_ASSIGN(auto json, management.parse(calls[i], *answers[i]));
    found.push_back(std::move(json));
  }
  return found;
}

/// A queue of the name of an exchange, or the other way round, of another service or made by hand:
/// what check_names() refuses within one file.
Result<> refuse_shared_names(Management& management, const ServiceConfig& service,
                             const Topology& topology, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  std::set<std::string> written(topology.publish.begin(), topology.publish.end());
  for (const auto& [name, exchange] : topology.exchanges) written.insert(name);
  written.erase("");
  std::vector<ApiCall> calls;
  const auto ask = [&](const char* kind, const std::string& name) {
    calls.push_back({.path = path_of({kind, vhost, name}) + "?disable_stats=true",
                     .doing = fmt::format("looking for a namesake of {}", printable(name, 80)),
                     .name = name});
  };
  for (const auto& [name, queue] : topology.queues) ask("exchanges", name);
  for (const auto& name : written) ask("queues", name);
  CDCTL_TRY_ASSIGN(const auto found, ask_all(management, calls, deadline));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (found[i].is_null()) continue;
    const bool queue = i < topology.queues.size();
    return fail(ExitCode::refused,
                fmt::format("{}: the broker has {} with the name of the {} {}, and its permissions "
                            "are by name: a worker could bind the one through its right to the "
                            "other; call one of them otherwise, or delete what nobody needs",
                            service.name, queue ? "an exchange" : "a queue",
                            queue ? "queue" : "exchange", printable(calls[i].name, 80)));
  }
  return {};
}

ApiCall queue_call(const std::string& vhost, const std::string& name) {
  return {.path = path_of({"queues", vhost, name}) + "?disable_stats=true",
          .doing = "reading the queue " + printable(name, 80)};
}

BrokerRules rules_from(const Json& overview, Json policies, Json operator_policies) {
  BrokerRules rules{0, std::move(policies), std::move(operator_policies)};
  const auto version = overview["rabbitmq_version"].as_string();
  std::from_chars(version.data(), version.data() + version.size(), rules.major);
  return rules;
}

/// What rules_from() reads.
std::vector<ApiCall> rule_calls(const std::string& vhost) {
  return {
      {.path = "/overview?columns=rabbitmq_version", .doing = "asking for the broker's version"},
      {.path = path_of({"policies", vhost}), .doing = "reading the policies", .shape = Shape::list},
      {.path = path_of({"operator-policies", vhost}),
       .doing = "reading the operator policies",
       .shape = Shape::list}};
}

}  // namespace

Result<Topology> as_declared(Management& management, const ServiceConfig& service,
                             Topology topology, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  std::vector<ApiCall> calls{rule_calls(vhost).front()};
  for (const auto& [name, queue] : topology.queues) calls.push_back(queue_call(vhost, name));
  CDCTL_TRY_ASSIGN(const auto found, ask_all(management, calls, deadline));
  const auto major = rules_from(found[0], {}, {}).major;
  std::size_t at = 1;
  for (auto& [name, queue] : topology.queues) settle_limit(service, queue, found[at++], major);
  return topology;
}

Result<std::map<std::string, std::int64_t>> read_delivery_limits(Management& management,
                                                                 const ServiceConfig& service,
                                                                 const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto named, read_topology(service));
  CDCTL_TRY_ASSIGN(const auto topology,
                   as_declared(management, service, std::move(named), deadline));
  CDCTL_TRY_ASSIGN(const auto found,
                   ask_all(management, rule_calls(management.settings().amqp.vhost), deadline));
  const auto rules = rules_from(found[0], found[1], found[2]);
  std::map<std::string, std::int64_t> out;
  for (const auto& [name, queue] : topology.queues) {
    if (queue.type != "quorum") continue;
    const auto policies = Policies::of(name, rules, deadline);
    if (!policies) continue;  // the check says so, where it matters
    if (const auto limit = delivery_limit(queue.arguments, *policies, rules.major))
      out.emplace(name, *limit);
  }
  return out;
}

Result<> check_topology(Management& management, const ServiceConfig& service,
                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  CDCTL_TRY(check_names(service, topology));
  const auto* settings = &management.settings();
  const auto& vhost = settings->amqp.vhost;
  CDCTL_TRY(refuse_shared_names(management, service, topology, deadline));
  auto calls = rule_calls(vhost);
  for (const auto& [name, queue] : topology.queues) calls.push_back(queue_call(vhost, name));
  for (const auto& [name, exchange] : topology.exchanges) {
    calls.push_back({.path = path_of({"exchanges", vhost, name}) + "?disable_stats=true",
                     .doing = "reading the exchange " + printable(name, 80)});
  }
  CDCTL_TRY_ASSIGN(const auto found, ask_all(management, calls, deadline));
  const auto rules = rules_from(found[0], found[1], found[2]);
  std::size_t at = 3;
  for (const auto& [name, named] : topology.queues) {
    const auto& theirs = found[at++];
    auto queue = named;
    settle_limit(service, queue, theirs, rules.major);
    if (!theirs.is_null()) {
      if (auto same = compare_queue(name, queue, theirs); !same)
        return fail(same.error().in(service.name));
    }
    CDCTL_TRY(refuse_loss(service, name, queue, rules, deadline));
  }
  for (const auto& [name, exchange] : topology.exchanges) {
    const auto& theirs = found[at++];
    if (theirs.is_null()) continue;
    if (auto same = compare_exchange(name, exchange, theirs); !same)
      return fail(same.error().in(service.name));
  }
  return {};
}

}  // namespace cdctl::rabbit
