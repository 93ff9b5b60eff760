#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>

namespace cdctl::mojo {

/// The folders of one deploy, below the workspace of its claim.
struct Workspace {
  std::filesystem::path root;
  std::filesystem::path spec, sources, build, repo, local, log;

  explicit Workspace(std::filesystem::path where);
  /// Makes all but spec/, emptied of what an earlier try left. local/ and log/ are private: they
  /// can hold secrets.
  [[nodiscard]] Result<> make() const;
  /// The file that receives the output of every phase (MOJO_LOGFILE).
  [[nodiscard]] std::filesystem::path log_file() const { return log / "mojo.log"; }
  /// Another one that the caller's MOJO_LOGFILE asks for; empty without.
  std::filesystem::path extra_log;
  /// Where a collect phase of the collect file `config` writes its lock.
  [[nodiscard]] std::filesystem::path lock_file(const std::string& config) const {
    return root / "lock" / (config + ".lock");
  }
};

/// ROOT of projects and of their secrets: `[mojo] root` of cdctl.toml, else the folder `mojo` of
/// the home.
[[nodiscard]] std::filesystem::path mojo_root(const Config& config,
                                              const std::filesystem::path& home);
/// ROOT/LOCAL/PROJECT/STAGE, where the secrets of a project are kept. Need not exist.
[[nodiscard]] std::filesystem::path secrets_folder(const std::filesystem::path& root,
                                                   const std::string& project,
                                                   const std::string& stage);

/// The mojo table of a service, checked: names that reach paths.
struct MojoOptions {
  std::string stage;  ///< empty: the spec's top
  std::string manifest = "manifest";
  std::string series;
  bool external = false;  ///< runner = "mojo": an installed mojo runs the manifest
};
/// Exit code `config`.
[[nodiscard]] Result<MojoOptions> mojo_options(const ServiceConfig& service);

/// Who a run is for, as Mojo's variables name it.
struct Identity {
  std::filesystem::path root;
  std::string project, series, workspace, stage, spec;
};

/// MOJO_* of every script of a run: the values of `identity` and the folders of `workspace`.
[[nodiscard]] std::map<std::string, std::string> mojo_environment(const Identity& identity,
                                                                  const Workspace& workspace);
/// The entry that only the processes of a run in this workspace have in their environment: how they
/// are found again.
[[nodiscard]] std::string run_marker(const Workspace& workspace);
/// What `${NAME}` of a manifest can name: `env`, then our own environment.
[[nodiscard]] std::optional<std::string> environment_value(
    const std::map<std::string, std::string>& env, const std::string& name);

}  // namespace cdctl::mojo
