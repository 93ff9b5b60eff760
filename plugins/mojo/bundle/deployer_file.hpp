#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mojo/bundle/bundle.hpp"

namespace cdctl::mojo {

/// A file of juju-deployer: deployments by name, which can inherit from each other; or a plain
/// bundle, as its later versions also read.
struct DeployerFile {
  std::string file;
  Yaml deployments;  ///< name -> deployment, each checked; an empty map when the file is a bundle
  std::optional<Bundle> bundle;
  std::vector<Problem> warnings;

  [[nodiscard]] std::vector<std::string> targets() const;
};

/// Reads one. Pure. Problems have file, line and column.
[[nodiscard]] DeployerFile parse_deployer(std::string_view text, const std::string& file,
                                          std::vector<Problem>& problems);

/// The deployment `target`, or without one the only one there is, with all that it inherits. An
/// ancestor counts once, before all that inherit from it; of several parents a later one wins, and
/// the child wins over all. A service without a charm has the one of its own name. Unknown targets
/// (all known are listed), unknown parents and circles are problems. Its warnings come beside those
/// of the file.
[[nodiscard]] Bundle select(const DeployerFile& file, const std::optional<std::string>& target,
                            std::vector<Problem>& problems);

}  // namespace cdctl::mojo
