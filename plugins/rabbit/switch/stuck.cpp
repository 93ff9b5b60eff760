#include "plugins/rabbit/switch/stuck.hpp"

#include <memory>
#include <vector>

#include "plugins/rabbit/amqp/amqp.hpp"
#include "plugins/rabbit/switch/queue_rows.hpp"

namespace cdctl::rabbit {

namespace {

constexpr Millis k_connect{3000};

/// Queues with messages and without consumers, as the statistics have it. A number that is not
/// there yet accuses nobody.
Result<std::vector<std::string>> suspects_among(Management& management, const QueueOwners& queues,
                                                const Deadline& deadline) {
  std::vector<std::string> out;
  CDCTL_TRY_ASSIGN(const auto rows, read_queue_rows(management, queues, deadline));
  for (const auto& row : rows)
    if (row["messages_ready"].as_int() > 0 && row["consumers"].is_int() &&
        row["consumers"].as_int() == 0)
      out.push_back(row["name"].as_string());
  return out;
}

}  // namespace

Result<std::map<std::string, Backlog>> stuck_services(
    Management& management, std::span<const ServiceConfig* const> services,
    const Deadline& deadline) {
  std::map<std::string, Backlog> out;
  const auto queues = queues_of(services, false);
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
