#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// No counter of a broker is higher.
inline constexpr std::int64_t k_highest_count = 1'000'000'000'000'000;

/// Counters of one channel since it was opened. They die with it.
struct ChannelCounts {
  std::int64_t delivered = 0;  ///< to consumers that acknowledge, and by basic.get
  std::int64_t acknowledged = 0;
  std::int64_t settled = 0;  ///< delivered without a need to acknowledge
  std::int64_t unacked = 0;
  std::int64_t redelivered = 0, unroutable = 0;
  std::int64_t counted = 0;  ///< returns that were counted at earlier looks

  /// What was delivered and is neither acknowledged nor held: it went back to the queue, or was
  /// rejected. The broker takes `unacked` at another moment than the counters, so that a busy
  /// channel seems to have returned what it only just got: believe what two looks have seen.
  [[nodiscard]] std::int64_t returned() const {
    return std::max<std::int64_t>(delivered - acknowledged - unacked, 0);
  }
};

/// One user at one moment.
struct UserStats {
  std::map<std::string, ChannelCounts> channels;  ///< by name; the statistics are at most 5 s old
  std::set<std::string> connections;              ///< of now
  std::int64_t consumers = 0, blocked = 0;
  std::int64_t working = 0;  ///< connections that consume or get, and those of other protocols
  std::int64_t unsure = 0;   ///< connections too young to tell
};

/// What the broker shows of its users, and of the queues that take the dead letters of services.
struct BrokerStats {
  Time at;
  std::map<std::string, UserStats> users;  ///< sets only
  std::map<std::string, std::int64_t>
      dead_letters;  ///< by service: messages in the queues that take them; absent = none such
};

/// Whether a row of the broker's connections is that of a keeper, by the name that it has given
/// itself: a worker that calls itself so is not counted, which keeps cuts from being made, and no
/// more.
[[nodiscard]] bool is_keeper_connection(const Json& row);

/// Three calls, and a fourth where a service has a queue for dead letters, however many sets there
/// are. RabbitMQ management API: channels, connections, queues.
[[nodiscard]] Result<BrokerStats> read_stats(Management& management,
                                             std::span<const ProbeTarget> targets,
                                             const Deadline& deadline);

/// The service's queues that take dead letters of its others: those that a queue's dead-letter
/// exchange leads to by name or by a binding.
[[nodiscard]] std::set<std::string> dead_letter_queues(const ServiceConfig& service);

}  // namespace cdctl::rabbit
