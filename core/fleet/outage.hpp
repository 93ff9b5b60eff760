#pragma once

#include <optional>
#include <string>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// Why nobody works on a service, as its engines tell it: no set that is uncut has a unit up. Empty
/// while one has, where a first deploy is on its way, and where it cannot be said from here. Pure.
[[nodiscard]] std::string outage_of(const ServiceView& view);

/// The set that a signal about the whole service names: its newest, or the one that was. Empty when
/// there was never one.
[[nodiscard]] std::optional<SetName> newest_name(const ServiceView& view);

}  // namespace cdctl::fleet
