#pragma once

#include <cdctl/target.hpp>

#include "core/app/context.hpp"
#include "core/land/begun.hpp"
#include "core/land/land.hpp"
#include "core/land/last_look.hpp"

namespace cdctl::land {

/// Lands what was tested as one, as a whole or not at all, and writes one outcome for each
/// candidate. `again`: it was begun by a run that was killed. Whether what becomes of it was found
/// out, and told. The caller holds the lock of the target.
bool land_as_one(app::Context& context, LastLook& look, const LandOptions& options,
                 const TargetConfig& target, const Candidates& candidates, bool again);

}  // namespace cdctl::land
