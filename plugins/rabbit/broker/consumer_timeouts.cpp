#include "plugins/rabbit/broker/consumer_timeouts.hpp"

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/policies.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

/// Milliseconds; a value that is none, or that no clock can hold, says nothing.
std::optional<Millis> timeout_of(const Json& value) {
  constexpr std::int64_t k_highest = 1'000'000'000'000;
  if (!value.is_int() || value.as_int() < 1 || value.as_int() > k_highest) return {};
  return Millis(value.as_int());
}

}  // namespace

Result<std::vector<ConsumerTimeout>> read_consumer_timeouts(Management& management,
                                                            const ServiceConfig& service,
                                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  const auto& settings = management.settings();
  std::vector<ConsumerTimeout> out;
  for (const auto& [name, queue] : topology.queues) {
    out.push_back({name, {}, "[rabbit] consumer_timeout"});
    if (settings.consumer_timeout > Millis(0)) out.back().after = settings.consumer_timeout;
  }
  if (out.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto version, management.ask_version(deadline));
  if (version < k_timeout_by_queue) return out;
  PolicyLists lists;
  const auto calls = policy_calls(settings.amqp.vhost);
  CDCTL_TRY_ASSIGN(lists.users, management.get(calls[0], deadline));
  CDCTL_TRY_ASSIGN(lists.operators, management.get(calls[1], deadline));
  for (auto& timeout : out) {
    const auto& queue = topology.queues.at(timeout.queue);
    if (const auto own = timeout_of(queue.arguments["x-consumer-timeout"])) {
      timeout.after = own;
      timeout.said_by = "x-consumer-timeout";
      continue;
    }
    CDCTL_TRY_ASSIGN(const auto policies, Policies::of(timeout.queue, queue, lists, deadline));
    if (const auto by_policy = timeout_of(policies["consumer-timeout"])) {
      timeout.after = by_policy;
      timeout.said_by = "a policy";
    }
  }
  return out;
}

std::optional<ConsumerTimeout> shortest(const std::vector<ConsumerTimeout>& timeouts) {
  std::optional<ConsumerTimeout> out;
  for (const auto& timeout : timeouts)
    if (timeout.after && (!out || *timeout.after < *out->after)) out = timeout;
  return out;
}

}  // namespace cdctl::rabbit
