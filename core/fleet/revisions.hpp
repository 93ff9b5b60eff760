#pragma once

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// Whether a set that is not there is the revision that the newest sources make: it is to come, and
/// a person may speak of it before it is out. Where they cannot be asked one that is known to be
/// gone is gone all the same.
[[nodiscard]] Result<bool> is_to_come(app::Context& context, const ServiceView& view,
                                      const SetName& set, const Deadline& deadline);

/// That a person has not mistyped a revision of a service: it is there, or was, or is to come. Exit
/// code `failed`, with the nearest name, for any other.
[[nodiscard]] Result<> check_revision(app::Context& context, const ServiceConfig& service,
                                      const SetName& set, const Deadline& deadline);

}  // namespace cdctl::fleet
