#pragma once

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// Adds to a set's record what its engine and its switches alone know of it. What cannot be asked
/// is reported.
void describe(app::Context& context, const SetView& set, Json& record, const Deadline& deadline);

}  // namespace cdctl::fleet
