#pragma once

#include <vector>

#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/spec/procfile.hpp"

namespace cdctl::mojo {

/// The processes that the step's bundle, or the deployment of its juju-deployer file, wants on an
/// engine of processes. What was deployed is left in the workspace (rendered/N-CONFIG, 0600: it can
/// hold secrets).
[[nodiscard]] Result<std::vector<Process>> bundle_processes(
    const StepRun& at, const std::vector<ProcfileEntry>& entries);

/// The same for an engine that takes bundles: what it is handed, with `units` as counts of
/// applications.
[[nodiscard]] Result<Json> bundle_document(const StepRun& at);

/// The bundle that a trunk without a spec brings along.
[[nodiscard]] Result<Json> trunk_bundle(const std::filesystem::path& trunk,
                                        const std::map<std::string, std::int64_t>& units,
                                        Host& host);

/// Before anything runs: the syntax of all bundles of a plan; of templates only what shows
/// without rendering them.
[[nodiscard]] Result<std::vector<Problem>> check_bundles(const Plan& plan,
                                                         const Deadline& deadline);

}  // namespace cdctl::mojo
