#pragma once

#include <functional>

#include <cdctl/error.hpp>
#include <cdctl/roles/engine.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/run_plan.hpp"

namespace cdctl::local {

/// Wanted units by process; 0 of one of which all were scaled away.
[[nodiscard]] UnitCounts counts_of(const RunPlan& plan);

/// Gives the plan so many units of these processes. A unit keeps its number: of a process that gets
/// fewer, those with the highest become vacant; one that gets more takes the lowest vacant ones of
/// its own, and then new ones. `busy`: a vacant number whose last processes have not ended yet.
/// Exit code `config` for a process that the plan does not have, and for numbers that no set can
/// have.
[[nodiscard]] Result<> scale_plan(RunPlan& plan, const UnitCounts& units,
                                  const std::function<bool(std::size_t)>& busy);

/// Keeps what people have asked for, so that a deploy that makes the set anew goes by it.
[[nodiscard]] Result<> keep_scale(const SetPaths& paths, const UnitCounts& units);
/// The plan of a deploy as people have scaled the set. Processes that are not its any more are left
/// out.
[[nodiscard]] Result<> apply_scale(const SetPaths& paths, RunPlan& plan);

}  // namespace cdctl::local
