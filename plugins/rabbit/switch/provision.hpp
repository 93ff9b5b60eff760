#pragma once

#include <string_view>

#include <cdctl/config.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// Makes exchanges, queues, bindings and the feed.
[[nodiscard]] Result<> declare_topology(Management& management, const ServiceConfig& service,
                                        const Topology& topology, const Deadline& deadline);
/// Makes the set's user, or gives the one that is there its password and permissions; never lifts a
/// cut.
[[nodiscard]] Result<> declare_user(Management& management, const ServiceConfig& service,
                                    const Topology& topology, const SetName& set,
                                    std::string_view secret, const Deadline& deadline);

}  // namespace cdctl::rabbit
