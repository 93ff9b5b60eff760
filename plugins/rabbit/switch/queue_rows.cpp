#include "plugins/rabbit/switch/queue_rows.hpp"

#include <utility>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

constexpr const char* k_columns =
    "?columns=name,messages_ready,messages_unacknowledged,consumers,message_stats.publish,"
    "message_stats.ack,message_stats.deliver_no_ack,message_stats.get_no_ack";
/// More queues than these are listed, all of the virtual host at once.
constexpr std::size_t k_one_by_one = 20;

}  // namespace

QueueOwners queues_of(std::span<const ServiceConfig* const> services, bool dead_letters) {
  QueueOwners out;
  for (const auto* service : services) {
    const auto topology = read_topology(*service);
    if (!topology) continue;
    const auto dead = dead_letter_queues(*service);
    for (const auto& [name, queue] : topology->queues)
      if (dead_letters || !dead.contains(name)) out.emplace(name, service->name);
  }
  return out;
}

Result<std::vector<Json>> read_queue_rows(Management& management, const QueueOwners& queues,
                                          const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  std::vector<ApiCall> calls;
  if (queues.size() > k_one_by_one) {
    calls.push_back({.path = path_of({"queues", vhost}) + k_columns,
                     .doing = "listing queues",
                     .shape = Shape::list});
  } else {
    for (const auto& [name, service] : queues)
      calls.push_back({.path = path_of({"queues", vhost, name}) + k_columns,
                       .doing = "reading the queue " + printable(name, 80),
                       .shape = Shape::any});
  }
  std::vector<Json> out;
  const auto take = [&](const Json& row) {
    if (queues.contains(row["name"].as_string())) out.push_back(row);
  };
  const auto answers = management.send_all(calls, deadline);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->not_there()) continue;
    CDCTL_TRY_ASSIGN(const auto json, management.parse(calls[i], *answers[i]));
    if (json.is_array())
      for (const auto& row : json.items()) take(row);
    else
      take(json);
  }
  return out;
}

Result<std::vector<QueueDepth>> queue_depths(Management& management,
                                             std::span<const ServiceConfig* const> services,
                                             const Deadline& deadline) {
  const auto queues = queues_of(services, true), at_work = queues_of(services, false);
  std::vector<QueueDepth> out;
  if (queues.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto rows, read_queue_rows(management, queues, deadline));
  for (const auto& row : rows) {
    if (!row["messages_ready"].is_int() || !row["consumers"].is_int()) continue;
    QueueDepth depth{queues.at(row["name"].as_string()), row["name"].as_string(),
                     row["messages_ready"].as_int(), row["messages_unacknowledged"].as_int(),
                     row["consumers"].as_int()};
    depth.dead_letters = !at_work.contains(depth.queue);
    // A queue that nothing has happened to since the broker was started has no counters
    if (const auto& stats = row["message_stats"]; stats.is_object()) {
      depth.published = stats["publish"].as_int();
      depth.done =
          stats["ack"].as_int() + stats["deliver_no_ack"].as_int() + stats["get_no_ack"].as_int();
    }
    out.push_back(std::move(depth));
  }
  return out;
}

}  // namespace cdctl::rabbit
