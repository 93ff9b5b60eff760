#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>

#include "core/config/place.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::config {

/// Looks for the configuration (design §6) and reads it, checked against the manifests' key lists.
/// It, and each file of services.d, has to be the caller's or root's, with nobody else who can
/// write to it.
[[nodiscard]] Result<Config> find_config(const std::string& named, plugins::PluginHost& plugins);
/// The files of services.d, sorted; none where there is no such folder. Exit code `config` when it
/// cannot be read, or others can write to it.
[[nodiscard]] Result<std::vector<std::filesystem::path>> service_files(const ConfigPlace& place);
/// The same of targets.d.
[[nodiscard]] Result<std::vector<std::filesystem::path>> target_files(const ConfigPlace& place);
/// Everything that the loader finds wrong in all files, where a command would stop at the first of
/// a file. Each begins with `file:line:column: `, or with `file: ` where no line is to blame.
[[nodiscard]] std::vector<Error> check_structure(const ConfigPlace& place,
                                                 plugins::PluginHost& plugins);

}  // namespace cdctl::config
