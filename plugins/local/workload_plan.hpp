#pragma once

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/run_plan.hpp"

namespace cdctl::local {

/// The plan for a workload: its processes as numbered units, its environment over a small clean one
/// (PATH, HOME, LANG, TZ and the like of whoever deploys). Refuses what a process cannot be given:
/// no unit at all, a folder that is not there, names that are none. No error holds a value of the
/// environment.
[[nodiscard]] Result<RunPlan> plan_for(const SetName& set, const std::string& home_id,
                                       const Workload& workload);

}  // namespace cdctl::local
