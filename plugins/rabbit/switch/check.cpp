#include "plugins/rabbit/switch/check.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/pattern.hpp"
#include "plugins/rabbit/broker/policies.hpp"
#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/broker/version.hpp"
#include "plugins/rabbit/switch/dead_letters.hpp"

namespace cdctl::rabbit {

namespace {

/// What is known of the broker before a queue is judged.
struct BrokerRules {
  Version version;
  std::string vhost;
  PolicyLists policies;
};

/// Returns after which a message is given up, and who says so.
struct Limit {
  std::int64_t most = 0;
  bool by_policy = false;
  bool negative = false;  ///< written for RabbitMQ 4; before, it is less than one return
};

/// The smallest of all that say something; empty = none is given up.
std::optional<Limit> delivery_limit(const Json& arguments, const Policies& policies,
                                    const Version& version) {
  std::optional<Limit> least;
  bool said = false;
  for (const auto* value : {&arguments["x-delivery-limit"], &policies.users["delivery-limit"],
                            &policies.operators["delivery-limit"]}) {
    if (!value->is_int()) continue;
    said = true;
    const bool negative = value->as_int() < 0;
    if (negative && version >= k_limits_by_default) continue;
    const Limit limit{std::max<std::int64_t>(value->as_int(), 0),
                      value != &arguments["x-delivery-limit"], negative};
    if (!least || limit.most < least->most) least = limit;
  }
  if (!said && version >= k_limits_by_default) return Limit{20};
  return least;
}

/// What as_declared() says of one queue. Who accepts a loss, or has somewhere for the dropped ones
/// to go, gets the broker's own limit.
void settle_limit(const ServiceConfig& service, Queue& queue, const Json& theirs,
                  const Version& version) {
  constexpr const char* key = "x-delivery-limit";
  if (version < k_limits_by_default || queue.type != "quorum" || queue.arguments.find(key)) return;
  if (queue.by_workers) return;  // RabbitMQ would refuse the declaration of theirs (406)
  if (!theirs.is_null()) {
    const auto& limit = theirs["arguments"][key];
    if (limit.is_int() && limit.as_int() < 0) queue.arguments.set(key, limit);
    return;
  }
  if (!service.accept_loss && !queue.arguments.find("x-dead-letter-exchange"))
    queue.arguments.set(key, -1);
}

/// How to be rid of a limit. The arguments of a queue that is there cannot be changed, and of what
/// an argument and a policy say the smaller counts.
std::string cure(const std::string& name, const Queue& queue, const BrokerRules& rules,
                 const Limit& limit, bool there) {
  if (limit.by_policy) return "raise delivery-limit in the policy of that queue, or take it out";
  if (rules.version < k_limits_by_default) return "leave x-delivery-limit out";
  // An argument that the workers do not declare as well would have them refused.
  if (!there && !queue.by_workers) return "set x-delivery-limit = -1";
  return policy_command(rules.vhost, name, "delivery-limit", -1);
}

/// A cut hands messages back, which counts as a delivery: with a limit, and nowhere for the dropped
/// ones to go, cuts lose messages.
Result<> refuse_loss(Management& management, const ServiceConfig& service, const Topology& topology,
                     const std::string& name, const Queue& queue, bool there,
                     const BrokerRules& rules, const Deadline& deadline) {
  if (queue.type != "quorum" || service.accept_loss) return {};
  const auto policies = Policies::of(name, queue, rules.policies, deadline);
  if (!policies) return fail(policies.error().in(service.name));
  const auto limit = delivery_limit(queue.arguments, *policies, rules.version);
  if (!limit) return {};
  const auto what = fmt::format("{}: the queue {}", service.name, printable(name, 80));
  if (limit->negative)
    return fail(
        ExitCode::refused,
        fmt::format("{} has a delivery limit of -1, which lifts it from RabbitMQ 4 on: this "
                    "one is {}.{} and gives a message up at its first return; {}, or set "
                    "accept_loss = true",
                    what, rules.version.major, rules.version.minor,
                    limit->by_policy ? "take it out of the policy of that queue"
                                     : "leave x-delivery-limit out"));
  const auto target = dead_letter_target(queue, *policies);
  if (!target)
    return fail(ExitCode::refused,
                fmt::format("{} drops a message after {} deliveries and has no dead-letter "
                            "exchange: cuts would lose messages; {}, or set "
                            "x-dead-letter-exchange or accept_loss = true",
                            what, limit->most, cure(name, queue, rules, *limit, there)));
  CDCTL_TRY_ASSIGN(const auto lost, why_lost(management, topology, name, *target, deadline));
  if (lost.empty()) return {};
  return fail(
      ExitCode::refused,
      fmt::format("{} gives a message up after {} deliveries, and its dead letters are lost: "
                  "{}; make that, or {}, or set accept_loss = true",
                  what, limit->most, lost, cure(name, queue, rules, *limit, there)));
}

std::unexpected<Error> conflict(const std::string& what, const std::string& key,
                                const std::string& ours, const std::string& theirs) {
  return fail(
      fmt::format("{} is there with {} = {}, and the service's file says {}; change the file, or "
                  "delete it on the broker",
                  what, key, printable(theirs, 60), printable(ours, 60)));
}

/// How an argument of a queue that is there comes to be what the file says: where a policy can say
/// it, not by deleting the queue.
std::string policy_hint(const std::string& vhost, const std::string& name, std::string_view key,
                        const Json& value) {
  const auto policy = policy_key(key);
  if (policy.empty()) return {};
  return fmt::format(
      "; what a queue has from its birth cannot be changed, so leave it out of the "
      "file and say it by a policy: {}",
      policy_command(vhost, name, policy, value));
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

Result<> compare_queue(const std::string& vhost, const std::string& name, const Queue& ours,
                       const Json& theirs) {
  const auto what = "the queue " + printable(name, 80);
  const auto type = theirs["type"].as_string("classic");
  if (type != ours.type) return conflict(what, "type", ours.type, type);
  if (theirs["durable"].as_bool(true) != ours.durable)
    return conflict(what, "durable", Json(ours.durable).dump(), theirs["durable"].dump());
  for (const auto& [key, value] : ours.arguments.members()) {
    const auto& there = theirs["arguments"][key];
    if (key == "x-queue-type" || there == value) continue;
    auto error =
        conflict(what, key, value.dump(), there.is_null() ? "nothing of it" : there.dump());
    if (there.is_null()) error.error().what += policy_hint(vhost, name, key, value);
    return error;
  }
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
  std::vector<Json> found;
  if (calls.empty()) return found;
  const auto answers = management.send_all(calls, deadline);
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
  // Who may declare has no right to the exchange of the signals that one of its own could misuse.
  const auto own_exchange = [&](const std::string& name) {
    return topology.declares() && (topology.exchanges.contains(name) ||
                                   (topology.framework && topology.framework->queue_exchanges));
  };
  for (const auto& [name, queue] : topology.queues)
    if (!own_exchange(name)) ask("exchanges", name);
  const auto of_queues = calls.size();
  for (const auto& name : written)
    if (!topology.declares() || !topology.queues.contains(name)) ask("queues", name);
  CDCTL_TRY_ASSIGN(const auto found, ask_all(management, calls, deadline));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (found[i].is_null()) continue;
    const bool queue = i < of_queues;
    return fail(ExitCode::refused,
                fmt::format("{}: the broker has {} with the name of the {} {}, and its permissions "
                            "are by name: a worker could bind the one through its right to the "
                            "other; call one of them otherwise, or delete what nobody needs",
                            service.name, queue ? "an exchange" : "a queue",
                            queue ? "queue" : "exchange", printable(calls[i].name, 80)));
  }
  return {};
}

/// The exchanges of a framework's remote control have one name in the whole virtual host: there a
/// worker of the one service could end those of the other.
Result<> refuse_shared_control(Management& management, const ServiceConfig& service,
                               const Topology& topology) {
  if (!topology.controlled()) return {};
  const auto& us = management.settings();
  const auto& config = management.host().config();
  for (const auto& other : config.services) {
    const auto place = place_of(config, other);
    if (other.name == service.name || !place || place->broker != us.broker) continue;
    const auto theirs = read_topology(other);
    if (!theirs || !theirs->controlled() || theirs->framework != topology.framework) continue;
    const auto usual = read_settings(config, us.broker);
    if ((place->vhost.empty() && usual ? usual->amqp.vhost : place->vhost) != us.amqp.vhost)
      continue;
    return fail(
        ExitCode::refused,
        fmt::format("{}: {} runs {} in the virtual host {} as well, whose remote control is one "
                    "for all: a worker of the one could end those of the other; give one of them "
                    "a virtual host of its own (vhost), or say remote_control = false",
                    service.name, other.name, topology.framework->title,
                    printable(us.amqp.vhost, 60)));
  }
  return {};
}

ApiCall queue_call(const std::string& vhost, const std::string& name) {
  return {.path = path_of({"queues", vhost, name}) + "?disable_stats=true",
          .doing = "reading the queue " + printable(name, 80)};
}

/// Asks them all, and in the same breath which RabbitMQ it is where nobody has asked yet.
Result<std::vector<Json>> ask_with_version(Management& management, std::vector<ApiCall> calls,
                                           const Deadline& deadline) {
  if (management.version()) return ask_all(management, calls, deadline);
  calls.push_back(version_call());
  CDCTL_TRY_ASSIGN(auto found, ask_all(management, calls, deadline));
  CDCTL_TRY(management.take_version(found.back()));
  found.pop_back();
  return found;
}

BrokerRules rules_of(const Management& management, const std::vector<Json>& lists) {
  return {*management.version(), management.settings().amqp.vhost, {lists[0], lists[1]}};
}

}  // namespace

Result<Topology> as_declared(Management& management, const ServiceConfig& service,
                             Topology topology, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  std::vector<ApiCall> calls;
  for (const auto& [name, queue] : topology.queues) calls.push_back(queue_call(vhost, name));
  CDCTL_TRY_ASSIGN(const auto found, ask_with_version(management, std::move(calls), deadline));
  std::size_t at = 0;
  for (auto& [name, queue] : topology.queues)
    settle_limit(service, queue, found[at++], *management.version());
  return topology;
}

Result<DeliveryLimits> read_delivery_limits(Management& management, const ServiceConfig& service,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto topology, read_topology(service));
  const auto& vhost = management.settings().amqp.vhost;
  auto calls = policy_calls(vhost);
  for (const auto& [name, queue] : topology.queues) calls.push_back(queue_call(vhost, name));
  CDCTL_TRY_ASSIGN(const auto found, ask_with_version(management, std::move(calls), deadline));
  const auto rules = rules_of(management, found);
  DeliveryLimits out;
  std::size_t at = 2;
  for (auto& [name, queue] : topology.queues) {
    const auto& theirs = found[at++];
    settle_limit(service, queue, theirs, rules.version);
    if (!theirs.is_null()) {  // whatever the file says by now
      queue.type = theirs["type"].as_string(queue.type);
      queue.arguments = theirs["arguments"];
    }
    if (queue.type != "quorum") continue;
    const auto policies = Policies::of(name, queue, rules.policies, deadline);
    if (!policies) {  // the check says why, where it matters
      out.unknown.insert(name);
      continue;
    }
    if (const auto limit = delivery_limit(queue.arguments, *policies, rules.version))
      out.most.emplace(name, limit->most);
  }
  return out;
}

Result<> check_topology(Management& management, const ServiceConfig& service,
                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  CDCTL_TRY(check_names(service, topology));
  const auto& vhost = management.settings().amqp.vhost;
  CDCTL_TRY(refuse_shared_control(management, service, topology));
  CDCTL_TRY(refuse_shared_names(management, service, topology, deadline));
  auto calls = policy_calls(vhost);
  for (const auto& [name, queue] : topology.queues) calls.push_back(queue_call(vhost, name));
  for (const auto& [name, exchange] : topology.exchanges) {
    calls.push_back({.path = path_of({"exchanges", vhost, name}) + "?disable_stats=true",
                     .doing = "reading the exchange " + printable(name, 80)});
  }
  CDCTL_TRY_ASSIGN(const auto found, ask_with_version(management, std::move(calls), deadline));
  const auto rules = rules_of(management, found);
  std::size_t at = 2;
  for (const auto& [name, named] : topology.queues) {
    const auto& theirs = found[at++];
    auto queue = named;
    settle_limit(service, queue, theirs, rules.version);
    if (!theirs.is_null()) {
      if (auto same = compare_queue(vhost, name, queue, theirs); !same)
        return fail(same.error().in(service.name));
    }
    CDCTL_TRY(refuse_loss(management, service, topology, name, queue, !theirs.is_null(), rules,
                          deadline));
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
