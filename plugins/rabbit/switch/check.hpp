#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// The rules of Switch::check, over what the broker has: the queues and exchanges that are there
/// are as the service's file says, and no cut makes a queue drop messages. Used by the switch and
/// by the doctor.
[[nodiscard]] Result<> check_topology(Management& management, const ServiceConfig& service,
                                      const Deadline& deadline);

/// The queues as they are to be declared. From RabbitMQ 4 on a quorum queue that says nothing has a
/// delivery limit, and cuts would use it up: cdctl makes one without. A queue that is there keeps
/// what it has, since its arguments cannot be changed.
[[nodiscard]] Result<Topology> as_declared(Management& management, const ServiceConfig& service,
                                           Topology topology, const Deadline& deadline);

/// The service's quorum queues whose messages are given up after so many returns.
struct DeliveryLimits {
  std::map<std::string, std::int64_t> most;
  std::set<std::string>
      unknown;  ///< of which nobody can say it: the pattern of a policy is too hard
};
/// As the broker has them; of a queue that is not there, as it would be declared.
[[nodiscard]] Result<DeliveryLimits> read_delivery_limits(Management& management,
                                                          const ServiceConfig& service,
                                                          const Deadline& deadline);

}  // namespace cdctl::rabbit
