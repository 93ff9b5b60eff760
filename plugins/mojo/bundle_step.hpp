#pragma once

#include <vector>

#include "phases.hpp"
#include "procfile.hpp"

namespace cdctl::mojo {

/// The Procfile of a step: in the stage or above, in the trunk, or in what was collected.
[[nodiscard]] Result<std::filesystem::path> find_procfile(const StepRun& at, const std::string& name);

/// The processes that the step's bundle, or the deployment of its juju-deployer file, wants on an engine of processes. What was
/// deployed is left in the workspace (rendered/N-CONFIG, 0600: it may hold secrets).
[[nodiscard]] Result<std::vector<Process>> bundle_processes(const StepRun& at, const std::vector<ProcfileEntry>& entries);

/// Before anything runs: the syntax of all bundles of a plan; of templates only what can be told without rendering them.
[[nodiscard]] Result<std::vector<Problem>> check_bundles(const Plan& plan, const Deadline& deadline);

}  // namespace cdctl::mojo
