#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>

#include "plugins/mojo/collect/collect.hpp"
#include "plugins/mojo/manifest/plan.hpp"
#include "plugins/mojo/records/records.hpp"
#include "plugins/mojo/run/script.hpp"
#include "plugins/mojo/spec/workspace.hpp"
#include "plugins/mojo/text/mask.hpp"

namespace cdctl::mojo {

/// What a run is to start.
struct ToStart {
  std::vector<Process> processes;
  std::filesystem::path directory;
  std::string release = {};  ///< run to its end before them, once a revision; empty = there is none

  /// The release command as a workload of its own.
  [[nodiscard]] std::vector<Process> release_process() const { return {{k_release, release, 1}}; }
};

/// What starts the units of a run: the claim of a deploy, or the set that a run by hand makes.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Starts these processes and no others; those of an earlier deploy phase are among them.
  [[nodiscard]] virtual Result<> start(const ToStart& what, const Deadline& deadline) = 0;
  /// Whether the engine runs the applications of bundles, and no processes.
  [[nodiscard]] virtual Result<bool> takes_bundles(const Deadline& deadline) = 0;
  /// Hands a bundle to such an engine; it joins what earlier phases handed over.
  [[nodiscard]] virtual Result<> start_bundle(const Json& bundle, const Deadline& deadline) = 0;
  /// The set as it is now, with its units.
  [[nodiscard]] virtual Result<SetStatus> describe(const Deadline& deadline) = 0;
  /// Takes note of what a collect phase fetched, before anything is started from it.
  virtual void collected(const std::vector<Collected>& what) { (void)what; }
  /// Where units run when their Procfile says nothing else: a checkout of the trunk. Empty = the
  /// build folder.
  [[nodiscard]] virtual std::filesystem::path trunk() const = 0;
};

/// What the phases of one run share.
struct Run {
  Host& host;
  const Workspace& workspace;
  const Stage& stage;
  std::string service;  ///< or project
  std::string series;
  std::filesystem::path secrets;           ///< ROOT/LOCAL/PROJECT/STAGE; need not exist
  std::map<std::string, std::string> env;  ///< of every script
  Mask& mask;
  Collector& collector;
  Launcher& launcher;
  std::map<std::string, std::int64_t>
      units;            ///< wanted of each process type; empty = as the bundle or Procfile says
  bool locked = false;  ///< every collect phase takes its lock
  std::vector<Process> started = {};  ///< by the run that this one resumes
  bool live = false;  ///< the scripts' output goes to people as notes, not as passing progress
  /// Called for each phase before it begins and after it ended (`cdctl.phase/1`).
  std::function<void(const PhaseRecord&)> report = {};
};

/// How a run ended that did not fail.
enum class RunEnd { complete, stopped };

/// Runs the steps in order and stops at the first that fails; the error names manifest:line, the
/// phase and its file.
[[nodiscard]] Result<RunEnd> run_steps(const std::vector<PlannedStep>& steps, const Run& run,
                                       const Deadline& deadline);

/// The record of a step as it was planned: path, line, phase, options in order as [key, value],
/// secrets masked.
[[nodiscard]] PhaseRecord step_record(const PlannedStep& step, const Mask* mask);

/// A wait that ends early when we are asked to stop or the deadline passes.
[[nodiscard]] Result<> pause(Millis length, const Deadline& deadline);

}  // namespace cdctl::mojo
