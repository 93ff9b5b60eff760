#pragma once

#include <functional>
#include <optional>
#include <string>

#include <cdctl/host.hpp>

#include "plugins/mojo/run/selection.hpp"
#include "plugins/mojo/spec/project.hpp"

namespace cdctl::mojo {

/// `cdctl mojo run`: a manifest in a workspace of a project, by hand or from cron.
struct HandRun {
  RunSettings settings;
  Selection selection;
  std::optional<std::string> phase_line;  ///< one phase of the command line instead of the manifest
  bool locked = false, lenient = false, quiet = false;
  Millis phase_timeout = std::chrono::minutes(30);
  Deadline deadline;
  std::function<void(const Json&)> write;    ///< a `cdctl.phase/1` record of each phase that ended
  std::function<void()> flush;               ///< lets them go out before the next phase
  std::function<void(const Error&)> report;  ///< each problem of the spec, before anything ran
};

/// Puts the spec into the workspace, fresh unless the selection resumes an earlier run, checks all
/// of it, and runs it. The error's text ends with the command that goes on from the phase that
/// failed.
[[nodiscard]] Result<> run_by_hand(Host& host, const HandRun& hand);

/// Makes a workspace with the spec in it and runs nothing. Exit code `refused` when it is there.
[[nodiscard]] Result<std::filesystem::path> make_workspace(Host& host, const RunSettings& settings,
                                                           const Deadline& deadline);

}  // namespace cdctl::mojo
