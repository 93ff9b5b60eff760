#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "project.hpp"
#include "runner.hpp"

namespace cdctl::mojo {

/// Starts the units of a run by hand as a worker set of their own: PROJECT at the revision that spec and collected files
/// make together. The units run from a copy, since the next run empties the workspace.
class SetLauncher final : public Launcher {
 public:
  SetLauncher(Host& host, const Settings& settings, const Workspace& workspace, SourceState spec, Json& memory)
      : host_(host), settings_(settings), workspace_(workspace), spec_(std::move(spec)), memory_(memory) {}

  Result<> start(const std::vector<Process>& processes, const std::filesystem::path& directory, const Deadline& deadline) override;
  Result<SetStatus> look(const Deadline& deadline) override;
  std::filesystem::path trunk() const override { return {}; }
  void collected(const std::vector<Collected>& what) override;

  /// The run is complete: the set counts as live.
  [[nodiscard]] Result<> finish(const Deadline& deadline);
  /// It failed: the set stays partial until a run completes.
  void abandon(const Error& error);
  /// What an earlier part of this run started, when it is resumed.
  [[nodiscard]] std::vector<Process> started_before() const;

 private:
  [[nodiscard]] Result<> claim(const Deadline& deadline);
  [[nodiscard]] Result<SetName> set_name() const;
  [[nodiscard]] Sources sources() const;

  Host& host_;
  const Settings& settings_;
  const Workspace& workspace_;
  SourceState spec_;
  Json& memory_;                       ///< of the workspace: set, processes, collected
  std::unique_ptr<Claim> claim_;
  bool mine_ = false;                  ///< this run, or the one that it resumes, started the units
};

}  // namespace cdctl::mojo
