#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/lock.hpp>

#include "plugins/mojo/spec/workspace.hpp"

namespace cdctl::mojo {

/// What a command line and MOJO_* variables say together: options win.
struct RunSettings {
  Identity who;  ///< spec as given; empty when it is to be the workspace's own
  std::string manifest = "manifest";
  std::string engine = "local";

  [[nodiscard]] std::filesystem::path series_folder() const {
    return who.root / who.project / who.series;
  }
  [[nodiscard]] std::filesystem::path workspace_folder() const {
    return series_folder() / who.workspace;
  }
};

/// Exit code `usage` when a name would not do in a path. Nothing is required yet.
[[nodiscard]] Result<RunSettings> run_settings(const Arguments& args);
/// Exit code `usage`, naming the option and the variable, when one of project, workspace is
/// missing.
[[nodiscard]] Result<> need_workspace(const RunSettings& settings);

/// Makes ROOT/PROJECT/SERIES and its `.project`; whether it was not there before. Exit code
/// `config` for a container class that this runner does not have, `refused` when the project is
/// there with another.
[[nodiscard]] Result<bool> make_project(const RunSettings& settings, const std::string& container);
/// Exit code `refused` when the project was made for containers: its scripts do not expect to run
/// on this machine.
[[nodiscard]] Result<> check_project(const RunSettings& settings);

/// One workspace, held by one run at a time.
class WorkspaceHold {
 public:
  /// Exit code `refused` when another run holds it.
  [[nodiscard]] static Result<WorkspaceHold> take(const std::filesystem::path& folder);

 private:
  explicit WorkspaceHold(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};
[[nodiscard]] bool workspace_held(const std::filesystem::path& folder);

/// WORKSPACE/workspace.json: spec, stage, and the set that its run started. Null when it is not a
/// workspace.
[[nodiscard]] Json read_workspace(const std::filesystem::path& folder);
[[nodiscard]] Result<> write_workspace(const std::filesystem::path& folder, const Json& json);
/// WORKSPACE/log/phases.ndjson: what a run did, a record a line. Unreadable lines are left out: the
/// last can be half of one.
[[nodiscard]] std::vector<Json> read_journal(const Workspace& workspace);
[[nodiscard]] Result<> append_journal(const Workspace& workspace, const Json& record);

}  // namespace cdctl::mojo
