#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/settings.hpp"

namespace cdctl::rabbit {

/// Of a broker with several addresses: whether each of them answers. Work goes on at the others, so
/// nobody notices otherwise that one is gone.
[[nodiscard]] std::vector<Check> node_checks(Host& host, const BrokerSettings& settings,
                                             const Deadline& deadline);

}  // namespace cdctl::rabbit
