#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/mojo/spec/workspace.hpp"

namespace cdctl::mojo {

/// One source of the deploy, on disk at exactly the revision of the set.
struct Fetched {
  SourceConfig config;
  std::string revision;
  std::filesystem::path path;  ///< a checkout, or the copy of a file
  [[nodiscard]] bool is_file() const { return config.kind == "file"; }
};

/// Puts every configured source into the workspace: `spec` into spec/, the others into
/// sources/NAME. A file is copied and its SHA-256 compared with the revision. By source name.
[[nodiscard]] Result<std::map<std::string, Fetched>> fetch_sources(Host& host,
                                                                   const DeployRequest& request,
                                                                   const Workspace& workspace);

/// CDCTL_SOURCE_NAME and CDCTL_SOURCE_NAME_REVISION of each.
[[nodiscard]] std::map<std::string, std::string> source_environment(
    const std::map<std::string, Fetched>& sources);

}  // namespace cdctl::mojo
