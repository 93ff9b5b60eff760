#pragma once

#include <map>
#include <string>

#include "cli/timeline/timeline.hpp"
#include "core/app/context.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::cli {

/// All that engines, memory, log and feed know of a service since then; `fit`: from the first thing
/// that is known on, where that is later. What cannot be asked is reported, and named in the
/// timeline. Exit code `config` when there is no such service.
[[nodiscard]] Result<Timeline> gather_timeline(app::Context& context, const std::string& service,
                                               Time since, bool fit, const Deadline& deadline);

/// What engines and memory know of the sets of a service, of those that went too: the facts without
/// outcomes and signals.
[[nodiscard]] std::map<std::string, TimelineFacts> facts_of(const fleet::ServiceView& view);

}  // namespace cdctl::cli
