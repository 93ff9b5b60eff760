#pragma once

#include <string>

#include "cli/timeline/timeline.hpp"
#include "core/app/context.hpp"

namespace cdctl::cli {

/// All that engines, memory, log and feed know of a service since then. What cannot be asked is
/// reported, and named in the timeline. Exit code `config` when there is no such service.
[[nodiscard]] Result<Timeline> gather_timeline(app::Context& context, const std::string& service,
                                               Time since, const Deadline& deadline);

}  // namespace cdctl::cli
