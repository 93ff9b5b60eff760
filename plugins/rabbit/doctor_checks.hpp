#pragma once

#include <optional>
#include <vector>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// What is in use on the broker, or asked for by a service's file, that a later RabbitMQ refuses or
/// ignores. `services` are those that live on it.
[[nodiscard]] Check deprecated_check(Management& management,
                                     const std::vector<const ServiceConfig*>& services,
                                     const Deadline& deadline);

/// Whether workers could read a stream of theirs by the stream protocol, which a cut does not hold.
/// Empty where no service has a stream, so that there is nothing to say.
[[nodiscard]] std::optional<Check> stream_check(const Json& overview,
                                                const std::vector<const ServiceConfig*>& services);

/// How long the service's workers may hold a message, and whether they are given longer to end
/// than that.
[[nodiscard]] Check consumer_timeout_check(Management& management, const ServiceConfig& service,
                                           const Deadline& deadline);

}  // namespace cdctl::rabbit
