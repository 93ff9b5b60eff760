#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/run/runner.hpp"
#include "plugins/mojo/spec/project.hpp"

namespace cdctl::mojo {

/// Starts the units of a run by hand as a worker set of their own: PROJECT at the revision that
/// spec and collected files, stage, series and manifest make together. The units run from a copy,
/// since the next run empties the workspace.
class SetLauncher final : public Launcher {
 public:
  SetLauncher(Host& host, const RunSettings& settings, const Workspace& workspace, SourceState spec,
              Json& state)
      : host_(host),
        settings_(settings),
        workspace_(workspace),
        spec_(std::move(spec)),
        state_(state) {}

  Result<> start(const ToStart& what, const Deadline& deadline) override;
  Result<bool> takes_bundles(const Deadline& deadline) override;
  Result<> start_bundle(const Json& bundle, const Deadline& deadline) override;
  Result<SetStatus> describe(const Deadline& deadline) override;
  std::filesystem::path trunk() const override { return {}; }
  void collected(const std::vector<Collected>& what) override;

  /// Whether units can be started at all. Exit codes `config` for a project that cannot name a set,
  /// `refused` for a service.
  [[nodiscard]] Result<> check() const;
  /// Whether a set that was live was started anew: it must count as live again, however much of the
  /// manifest was run.
  [[nodiscard]] bool owes_finish() const { return was_live_ && started_; }
  /// The run is complete: the set counts as live.
  [[nodiscard]] Result<> finish(const Deadline& deadline);
  /// It failed: the set stays partial until a run completes.
  void abandon(const Error& error);
  /// What an earlier part of this run started, when it is resumed.
  [[nodiscard]] std::vector<Process> started_before() const;

 private:
  /// A run by hand has no memory: whatever is before the units runs each time that they are
  /// started.
  [[nodiscard]] Result<> run_release(const ToStart& what, Workload workload,
                                     const Deadline& deadline);
  void save_state();
  [[nodiscard]] Result<> claim(const Deadline& deadline);
  [[nodiscard]] Result<SetName> set_name() const;
  [[nodiscard]] Sources sources() const;
  /// CDCTL_*, and the broker's address when the caller has one.
  [[nodiscard]] std::map<std::string, std::string> unit_environment() const;
  /// Whether what is asked for is there already.
  [[nodiscard]] bool nothing_to_start(const Json& wanted) const;

  Host& host_;
  const RunSettings& settings_;
  const Workspace& workspace_;
  SourceState spec_;
  Json& state_;  ///< of the workspace: set, processes, collected
  std::unique_ptr<Claim> claim_;
  bool mine_ = false;      ///< this run, or the one that it resumes, started the units
  bool was_live_ = false;  ///< when it was claimed
  bool started_ = false;   ///< by this command
};

}  // namespace cdctl::mojo
