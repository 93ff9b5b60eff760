#include "plugins/rabbit/doctor_checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/consumer_timeouts.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

using State = Check::State;

/// A feature by RabbitMQ's name for it, in words.
struct Feature {
  std::string_view name, words;
};
constexpr std::array k_features{
    Feature{"transient_nonexcl_queues", "queues that are neither durable nor exclusive"},
    Feature{"global_qos", "a prefetch of whole channels (global qos)"},
    Feature{"classic_queue_mirroring", "mirrored classic queues"},
    Feature{"ram_node_type", "nodes that keep metadata in memory"}};

/// cdctl counts by the statistics of the management API, and so does everybody else who uses it.
constexpr std::string_view k_ours = "management_metrics_collection";

std::string in_words(std::string_view name) {
  const auto* const known = std::ranges::find(k_features, name, &Feature::name);
  return known == k_features.end() ? printable(name, 60) : std::string(known->words);
}

/// Empty before 3.13, which does not tell.
Result<std::vector<std::string>> used_features(Management& management, const Deadline& deadline) {
  std::vector<std::string> out;
  CDCTL_TRY_ASSIGN(const auto version, management.ask_version(deadline));
  if (version < k_tells_deprecated) return out;
  const ApiCall call{.path = "/deprecated-features/used",
                     .doing = "asking which deprecated features are used",
                     .shape = Shape::list};
  CDCTL_TRY_ASSIGN(const auto used, management.get(call, deadline));
  for (const auto& feature : used.items())
    if (feature["name"].view() != k_ours) out.push_back(in_words(feature["name"].view()));
  return out;
}

Result<std::vector<std::string>> mirroring_policies(Management& management,
                                                    const Deadline& deadline) {
  std::vector<std::string> out;
  const ApiCall call{.path = "/policies", .doing = "reading the policies", .shape = Shape::list};
  CDCTL_TRY_ASSIGN(const auto policies, management.get(call, deadline));
  for (const auto& policy : policies.items())
    if (policy["definition"].find("ha-mode"))
      out.push_back(
          fmt::format("the policy {} of {} mirrors classic queues, which RabbitMQ 4 "
                      "does not",
                      printable(policy["name"].view(), 60), printable(policy["vhost"].view(), 60)));
  return out;
}

std::vector<std::string> transient_queues(const std::vector<const ServiceConfig*>& services) {
  std::vector<std::string> out;
  for (const auto* service : services) {
    const auto topology = read_topology(*service);
    if (!topology) continue;  // its own check says so
    for (const auto& [name, queue] : topology->queues)
      if (!queue.durable)
        out.push_back(
            fmt::format("the queue {} of {} is not durable", printable(name, 60), service->name));
  }
  return out;
}

std::string text_of(const ConsumerTimeout& timeout) {
  return fmt::format("{} for {} ({})",
                     timeout.after ? to_duration(*timeout.after) : std::string("no end"),
                     printable(timeout.queue, 60), timeout.said_by);
}

}  // namespace

Check deprecated_check(Management& management, const std::vector<const ServiceConfig*>& services,
                       const Deadline& deadline) {
  const std::string what = "deprecated features";
  auto found = transient_queues(services);
  for (const auto& more :
       {used_features(management, deadline), mirroring_policies(management, deadline)}) {
    if (!more) return {what, State::unknown, more.error().what, ""};
    found.insert(found.end(), more->begin(), more->end());
  }
  if (found.empty()) return {what, State::ok, "none is used", ""};
  return {what, State::warning, joined(found, "; "),
          "RabbitMQ 4.3 refuses these: docs/rabbitmq.md, Versions"};
}

std::optional<Check> stream_check(const Json& overview,
                                  const std::vector<const ServiceConfig*>& services) {
  std::vector<std::string> streams;
  for (const auto* service : services) {
    const auto topology = read_topology(*service);
    if (!topology) continue;  // its own check says so
    for (const auto& [name, queue] : topology->queues)
      if (queue.type == "stream")
        streams.push_back(fmt::format("{} of {}", printable(name, 60), service->name));
  }
  if (streams.empty()) return {};
  const std::string what = "stream protocol";
  const auto version = parse_version(overview["rabbitmq_version"].view());
  if (version && *version >= k_limits_streams)
    return Check{what, State::ok, "a cut holds its clients, too", ""};
  const auto& listeners = overview["listeners"].items();
  if (std::ranges::none_of(listeners, [](const Json& listener) {
        return listener["protocol"].view().starts_with("stream");
      }))
    return Check{what, State::ok, "nobody listens for it", ""};
  return Check{what, State::warning,
               fmt::format("the broker listens for it, and does not keep its clients out before "
                           "4.3: who reads {} that way is held in a cut only where the engine "
                           "freezes it",
                           joined(streams)),
               "let workers read over AMQP, and leave the plugin rabbitmq_stream off: "
               "docs/rabbitmq.md, Versions"};
}

Check consumer_timeout_check(Management& management, const ServiceConfig& service,
                             const Deadline& deadline) {
  const auto what = "consumer timeout of " + service.name;
  const auto timeouts = read_consumer_timeouts(management, service, deadline);
  if (!timeouts) return {what, State::unknown, timeouts.error().what, ""};
  if (timeouts->empty()) return {what, State::ok, "it has no queue", ""};
  std::vector<std::string> texts;
  for (const auto& timeout : *timeouts) texts.push_back(text_of(timeout));
  const auto least = shortest(*timeouts);
  auto longest = Millis(0);
  for (const auto& [process, stop] : service.stop_timeouts) longest = std::max(longest, stop.most);
  if (!least || longest <= *least->after)
    return {what, State::ok, "a worker may hold a message: " + joined(texts, ", "), ""};
  return {
      what, State::warning,
      fmt::format("units get {} to finish their jobs, and the broker takes a message away after "
                  "{}",
                  to_duration(longest), text_of(*least)),
      "raise consumer_timeout in rabbitmq.conf and in [rabbit], or say more for that queue: "
      "docs/probes.md, Consumer timeouts"};
}

}  // namespace cdctl::rabbit
