#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// What `configure`, `write` and `read` of a service's file let its workers do to the queues and
/// exchanges of other services, `beside` it in its virtual host. It may be meant so: a warning.
/// Nothing when they reach none. Asks nobody.
[[nodiscard]] std::optional<Check> reach_check(const ServiceConfig& service,
                                               const std::vector<const ServiceConfig*>& beside);

/// Sets of services that are not configured here, and may speak to all workers of a framework in
/// the virtual host: by its permissions, `/permissions` of the management API.
[[nodiscard]] std::vector<std::string> strangers_in_control(const Json& permissions,
                                                            const std::string& vhost,
                                                            const Config& config);

/// The same, said of a service whose workers would hear them. Nothing when its workers hear nobody,
/// or there is none. `deploy` refuses those of this configuration.
[[nodiscard]] std::optional<Check> control_check(Management& management,
                                                 const ServiceConfig& service,
                                                 const Deadline& deadline);

}  // namespace cdctl::rabbit
