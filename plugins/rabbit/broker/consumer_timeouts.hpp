#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// How long a consumer may hold a message of a queue before the broker closes its channel and hands
/// the message to another.
struct ConsumerTimeout {
  std::string queue;
  std::optional<Millis> after;  ///< empty = it never does
  std::string said_by;          ///< `x-consumer-timeout`, `a policy`, `[rabbit] consumer_timeout`
};

/// Of each queue of the service. The management API tells what arguments and policies say, and not
/// what the broker's own configuration does: that is `consumer_timeout` of cdctl.toml.
[[nodiscard]] Result<std::vector<ConsumerTimeout>> read_consumer_timeouts(
    Management& management, const ServiceConfig& service, const Deadline& deadline);

/// The shortest; empty where no queue has one.
[[nodiscard]] std::optional<ConsumerTimeout> shortest(const std::vector<ConsumerTimeout>& timeouts);

}  // namespace cdctl::rabbit
