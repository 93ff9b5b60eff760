#pragma once

#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

/// Of a set that is not there: nothing where it is known to have been, so that it is already gone.
/// Exit code `failed`, with the nearest name, where it never was: somebody has mistyped it. `view`:
/// of its service, wholly asked; null when that is unknown.
[[nodiscard]] Result<> check_was_there(app::Context& context, const fleet::ServiceView* view,
                                       const SetName& set);

}  // namespace cdctl::actions
