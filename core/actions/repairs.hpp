#pragma once

#include <vector>

#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

/// The sets of a service that have fallen and that `stale` would keep, in the order in which they
/// are to come back: the fallback first, for it is what is known to work, then the others, newest
/// first. That something newer is cut, or that the trunk has moved, is no reason to leave one down.
/// Pure.
[[nodiscard]] std::vector<const fleet::SetView*> fallen_sets(const fleet::ServiceView& view,
                                                             Time at);

}  // namespace cdctl::actions
