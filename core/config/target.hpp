#pragma once

#include <filesystem>

#include <cdctl/target.hpp>

#include "core/config/check.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::config {

/// A file of targets.d. What is wrong with it goes to `problems`, and then it is not to be used.
[[nodiscard]] TargetConfig read_target(const std::filesystem::path& path,
                                       plugins::PluginHost& plugins,
                                       const std::filesystem::path& base, Problems& problems);
/// The same of what was read already.
[[nodiscard]] TargetConfig target_of(const files::TomlFile& file, plugins::PluginHost& plugins,
                                     const std::filesystem::path& base, Problems& problems);

}  // namespace cdctl::config
