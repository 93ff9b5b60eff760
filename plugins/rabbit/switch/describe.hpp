#pragma once

#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// What `inspect` shows.
[[nodiscard]] Result<Json> describe_set(Management& management, const Topology& topology,
                                        const SetName& set, const Deadline& deadline);

}  // namespace cdctl::rabbit
