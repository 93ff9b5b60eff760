#pragma once

#include <optional>
#include <string>

#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/policies.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// Where a queue sends what it gives up.
struct DeadLetterTarget {
  std::string exchange;            ///< "" is the default one
  std::optional<std::string> key;  ///< without one a message keeps its own
};

/// What the queue's arguments say, and else a policy; empty when neither names an exchange.
[[nodiscard]] std::optional<DeadLetterTarget> dead_letter_target(const Queue& queue,
                                                                 const Policies& policies);

/// Why what the queue gives up would be lost there: no such exchange, or no queue that it leads to.
/// Empty when it comes into another queue. What the service's file declares counts as there; a
/// message whose key nobody knows beforehand counts as taken where anything is bound.
[[nodiscard]] Result<std::string> why_lost(Management& management, const Topology& topology,
                                           const std::string& queue, const DeadLetterTarget& target,
                                           const Deadline& deadline);

/// Whether the pattern of a topic exchange's binding takes the key: `*` is one word, `#` any
/// number.
[[nodiscard]] bool topic_matches(std::string_view pattern, std::string_view key);

}  // namespace cdctl::rabbit
