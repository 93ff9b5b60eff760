#include "plugins/rabbit/switch/stuck.hpp"

#include <memory>
#include <set>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

constexpr const char* k_columns = "?columns=name,messages_ready,consumers";
/// More queues than these are listed, all of the virtual host at once.
constexpr std::size_t k_one_by_one = 20;
constexpr Millis k_connect{3000};

using Queues = std::map<std::string, std::string>;  ///< the service, by queue

/// The queues of jobs. A file that cannot be used is told of by others.
Queues queues_of(std::span<const ServiceConfig* const> services) {
  Queues out;
  for (const auto* service : services) {
    const auto topology = read_topology(*service);
    if (!topology) continue;
    const auto dead = dead_letter_queues(*service);
    for (const auto& [name, queue] : topology->queues)
      if (!dead.contains(name)) out.emplace(name, service->name);
  }
  return out;
}

/// Queues with messages and without consumers, as the statistics have it. A number that is not
/// there yet accuses nobody.
Result<std::vector<std::string>> suspects_among(Management& management, const Queues& queues,
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
  std::vector<std::string> out;
  const auto take = [&](const Json& row) {
    const auto name = row["name"].as_string();
    if (queues.contains(name) && row["messages_ready"].as_int() > 0 && row["consumers"].is_int() &&
        row["consumers"].as_int() == 0)
      out.push_back(name);
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

}  // namespace

Result<std::map<std::string, Backlog>> stuck_services(
    Management& management, std::span<const ServiceConfig* const> services,
    const Deadline& deadline) {
  std::map<std::string, Backlog> out;
  const auto queues = queues_of(services);
  if (queues.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto suspects, suspects_among(management, queues, deadline));
  if (suspects.empty()) return out;
  CDCTL_TRY_ASSIGN(auto* const driver, amqp_driver());
  CDCTL_TRY_ASSIGN(const auto link,
                   driver->connect(management.settings().amqp, deadline.at_most(k_connect)));
  for (const auto& name : suspects) {
    CDCTL_TRY_ASSIGN(const auto counts, link->counts(name, deadline));
    if (!counts || counts->ready == 0 || counts->consumers > 0) continue;
    auto& backlog = out[queues.at(name)];
    backlog.waiting += counts->ready;
    if (backlog.where.empty()) backlog.where = name;
  }
  return out;
}

}  // namespace cdctl::rabbit
