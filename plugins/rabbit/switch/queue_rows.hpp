#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/roles/switch.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// The service of each queue, by the queue's name.
using QueueOwners = std::map<std::string, std::string>;

/// The queues of these services; those for dead letters only where they are wanted, since they are
/// for people. A file that cannot be used is told of by others.
[[nodiscard]] QueueOwners queues_of(std::span<const ServiceConfig* const> services,
                                    bool dead_letters);

/// What the broker's statistics have of these queues of one virtual host: name, messages_ready,
/// messages_unacknowledged, consumers, and what message_stats counts. They may be seconds old, and
/// a number may not be there yet; a queue that is not there has no row.
[[nodiscard]] Result<std::vector<Json>> read_queue_rows(Management& management,
                                                        const QueueOwners& queues,
                                                        const Deadline& deadline);

/// How deep the queues of these services are, all of one broker and virtual host.
[[nodiscard]] Result<std::vector<QueueDepth>> queue_depths(
    Management& management, std::span<const ServiceConfig* const> services,
    const Deadline& deadline);

}  // namespace cdctl::rabbit
