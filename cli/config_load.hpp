#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/error.hpp>

#include "context.hpp"

namespace cdctl::cli {

/// The configuration that holds here. Exit code `config`, saying what to do, when there is none.
[[nodiscard]] Result<ConfigPlace> require_config(const std::string& named);
/// The files of services.d, sorted.
[[nodiscard]] std::vector<std::filesystem::path> service_files(const ConfigPlace& place);
/// Everything that the loader finds wrong in all files, where a command would stop at the first of a file. Each begins with
/// `file:line:column: `, or with `file: ` where no line is to blame.
[[nodiscard]] std::vector<Error> check_structure(const ConfigPlace& place, PluginHost& plugins);

}  // namespace cdctl::cli
