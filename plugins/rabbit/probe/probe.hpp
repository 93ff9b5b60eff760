#pragma once

#include <optional>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/brokers.hpp"
#include "plugins/rabbit/broker/consumer_timeouts.hpp"
#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/probe/poison.hpp"

namespace cdctl::rabbit {

/// Watches sets by what the broker counts for each set's own user: what was delivered, acknowledged
/// and returned, who holds what, how connections come and go. All sets are seen in one round of
/// calls.
class RabbitProbe final : public Probe {
 public:
  explicit RabbitProbe(Host& host) : brokers_(host) {}
  Result<std::vector<Json>> do_observe(std::span<const ProbeTarget> targets, Json& memory,
                                       const Deadline& deadline) override;

 private:
  /// One look at each broker that a target may be on. Fails when one of them cannot be asked:
  /// whoever asks again asks by service.
  Result<BrokerStats> look(std::span<const ProbeTarget> targets, const Deadline& deadline);

  /// The shortest consumer timeout of a service; empty, with a word on stderr, when nobody says.
  std::optional<ConsumerTimeout> timeout_of(const ServiceConfig& service, const Deadline& deadline);
  std::vector<Json> look_for_poison(std::span<const ProbeTarget> targets,
                                    const std::map<std::string, Suspicion>& suspicions, Json& known,
                                    Time at, const Deadline& deadline);

  Brokers brokers_;
};

}  // namespace cdctl::rabbit
