#pragma once

#include <cdctl/roles.hpp>

#include "management.hpp"

namespace cdctl::rabbit {

/// Watches sets by what the broker counts for each set's own user: what was delivered, acknowledged and returned, who holds
/// what, how connections come and go. All sets are seen in one round of calls.
class RabbitProbe final : public Probe {
 public:
  explicit RabbitProbe(Host& host) : management_(host) {}
  Result<std::vector<Json>> observe(std::span<const ProbeTarget> targets, Json& memory, const Deadline& deadline) override;

 private:
  Management management_;
};

}  // namespace cdctl::rabbit
