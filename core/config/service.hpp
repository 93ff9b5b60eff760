#pragma once

#include <filesystem>

#include <cdctl/config.hpp>

#include "core/config/check.hpp"
#include "core/files/toml_file.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::config {

/// What cdctl.toml says for all services.
[[nodiscard]] ServiceConfig read_defaults(const files::TomlFile& file, plugins::PluginHost& plugins,
                                          const std::filesystem::path& base, Problems& problems);
/// A file of services.d, laid over the defaults. What is wrong with it goes to `problems`, and then
/// it is not to be used.
[[nodiscard]] ServiceConfig read_service(const std::filesystem::path& path,
                                         const ServiceConfig& defaults,
                                         plugins::PluginHost& plugins,
                                         const std::filesystem::path& base, Problems& problems);

/// The variables that a file names for secrets are for us, and not for the scripts, checks and
/// programs that we run.
void hide_secrets(const files::TomlFile& file);

}  // namespace cdctl::config
