#pragma once

#include <chrono>
#include <vector>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// After a restart of the broker, or of the network, workers need so long to be back: the longest
/// pause between two of their attempts, and the time to connect.
inline constexpr auto k_settled = std::chrono::minutes(1);

/// Whether its units could be connected since `since`, and have not been restarted by us later.
[[nodiscard]] bool had_time(const SetView& set, Time since);

/// The sets of a service whose units are up and of which none holds a connection to its broker,
/// though they have had the time to connect. A guard that counts connections protects them for
/// ever.
[[nodiscard]] Result<std::vector<const SetView*>> unconnected_sets(app::Context& context,
                                                                   const ServiceView& view,
                                                                   const Deadline& deadline);

}  // namespace cdctl::fleet
