#pragma once

#include <map>
#include <string>

#include <cdctl/host.hpp>

#include "plugins/mojo/spec/checkouts.hpp"
#include "plugins/mojo/spec/workspace.hpp"

namespace cdctl::mojo {

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
/// CDCTL_SOURCE_NAME and CDCTL_SOURCE_NAME_REVISION of each.
[[nodiscard]] std::map<std::string, std::string> source_environment(
    const std::map<std::string, Fetched>& sources);
/// What `${NAME}` of a manifest may name: `env`, then our own environment.
[[nodiscard]] std::optional<std::string> environment_value(
    const std::map<std::string, std::string>& env, const std::string& name);

}  // namespace cdctl::mojo
