#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// Why a service's queues are to be looked into.
struct Suspicion {
  bool crashing = false;   ///< connections of a set come and go: whoever dies may die of a message
  bool more_dead = false;  ///< there are more dead letters than at the last look
};

/// Looks for messages that kill whoever gets them, in the queues of a service where something is
/// suspicious, and names each once, and again when it has come back more often: a signal
/// `service/poison` about `set`. Never a body, and of the headers their names alone.
///
/// A look takes up to k_most_peeked messages from the head of a queue and gives them back to their
/// places. On a quorum queue that counts as a return, as each does: so one with a delivery limit is
/// never looked into (what is given up there is a dead letter), and looks are no evidence. A
/// classic queue marks them as redelivered. `known` is what the last looks saw, of all services.
[[nodiscard]] Result<std::vector<Json>> find_poison(Management& management,
                                                    const ServiceConfig& service,
                                                    const SetName& set, const Suspicion& suspicion,
                                                    Json& known, Time at, const Deadline& deadline);

/// One message as the broker shows it: what is told of it, and what it has been through.
struct Peeked {
  std::string digest;           ///< the first 12 hex digits of the SHA-256 of its body
  std::int64_t deliveries = 0;  ///< so often it came back, our looks included
  bool given_up = false;        ///< its queue did, by its delivery limit
  std::string from;             ///< that queue
  Json shown;                   ///< for the signal
};
/// Empty for what is none: a row of `POST /queues/VHOST/NAME/get`.
[[nodiscard]] std::optional<Peeked> read_peeked(const Json& row);

constexpr int k_most_peeked = 10;

}  // namespace cdctl::rabbit
