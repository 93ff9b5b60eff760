#pragma once

#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// Whether the units of a set that is not cut were left stopped and are to be started, as of the
/// transaction's last read(): by a mend from elsewhere, one that was killed, or a cut that had the
/// engine go first, was killed and never came to be noted. Not while such a cut is at it, or where
/// it has given up: then its word stands.
[[nodiscard]] Result<bool> left_stopped(app::Context& context, const ServiceConfig& service,
                                        const SetName& set, SetTransaction& transaction);

/// Starts them, under the lock: no breaker notes a cut between our look and our note.
[[nodiscard]] Result<> start_stopped(app::Context& context, const ServiceConfig& service,
                                     const SetName& set, SetTransaction& transaction,
                                     Outcome& outcome);

}  // namespace cdctl::actions
