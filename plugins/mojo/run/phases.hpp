#pragma once

#include "plugins/mojo/run/runner.hpp"

namespace cdctl::mojo {

/// What one step needs beside the run: its place in it.
struct StepRun {
  const PlannedStep& step;
  std::size_t number = 0;  ///< from 1, for the name of its log
  const Run& run;
  Deadline deadline;               ///< of this step
  std::vector<Process>& started;   ///< by all deploy phases so far
  std::vector<std::string>& tail;  ///< the last lines of its output, for a failure

  /// The script of this step; `argv` beside its own file are the caller's.
  [[nodiscard]] Script script(std::vector<std::string> argv) const;
  [[nodiscard]] Result<ScriptEnd> execute(const Script& script) const;
  /// Logs a line of our own as if a script had said it.
  void say(std::string_view line) const;
};

// One function a phase. Errors are the phase's alone: the runner puts manifest:line in front.
[[nodiscard]] Result<> phase_script(const StepRun& at);
/// True when its executable said that the run is to end.
[[nodiscard]] Result<bool> phase_stop_on(const StepRun& at);
[[nodiscard]] Result<> phase_collect(const StepRun& at);
[[nodiscard]] Result<> phase_builddeps(const StepRun& at);
[[nodiscard]] Result<> phase_repo(const StepRun& at);
[[nodiscard]] Result<> phase_secrets(const StepRun& at);
[[nodiscard]] Result<> phase_deploy(const StepRun& at);
[[nodiscard]] Result<> phase_nagios_check(const StepRun& at);
[[nodiscard]] Result<> phase_check_wait(const StepRun& at);

/// Copies the project's secrets to the workspace: folders 0700, files 0600 (0700 when executable);
/// their values are masked from then on. Without `folders` only files: without a stage the folders
/// are those of the stages. Nothing there is fine.
[[nodiscard]] Result<> install_secrets(const std::filesystem::path& from,
                                       const std::filesystem::path& into, bool folders, Mask& mask,
                                       const Deadline& deadline);
/// Waits until all wanted units have been up, without a restart, for `steady`. Exit code `timeout`
/// at the deadline.
[[nodiscard]] Result<> wait_steady(const StepRun& at, Millis steady, const Deadline& deadline);

}  // namespace cdctl::mojo
