#pragma once

#include <functional>
#include <map>
#include <string>

#include <cdctl/host.hpp>

#include "collect.hpp"
#include "plan.hpp"
#include "script.hpp"
#include "workspace.hpp"

namespace cdctl::mojo {

/// What the phases of one deploy share.
struct Run {
  Host& host;
  const Workspace& workspace;
  const Stage& stage;
  std::map<std::string, std::string> env;   ///< of every script
  Mask mask;
  Collector& collector;
  /// Starts the units from this Procfile.
  std::function<Result<>(const std::filesystem::path& procfile, const std::string& shown, const Deadline& deadline)> start;
};

/// Runs the steps in order and stops at the first that fails. The error names manifest:line, the phase and its file.
[[nodiscard]] Result<> run_plan(const Plan& plan, const Run& run, const Deadline& deadline);

}  // namespace cdctl::mojo
