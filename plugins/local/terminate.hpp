#pragma once

#include <optional>

#include <cdctl/grace.hpp>

#include "plugins/local/process_tracker.hpp"
#include "plugins/local/status.hpp"

namespace cdctl::local {

/// TERM to a set whose supervisor is dead or does not answer, as that one would have said it: where
/// a process type is told by its main process alone, its helpers do not hear it. Nobody follows
/// that up: what a main process leaves behind has the rest of the grace.
void terminate_units(const ProcessTracker& tracker, const std::optional<Status>& status,
                     const Grace& grace);

}  // namespace cdctl::local
