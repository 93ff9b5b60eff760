#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl::cli {

/// What a plugin can be begun as.
constexpr std::array<std::string_view, 8> k_template_roles{
    "sink", "source", "probe", "switch", "engine", "deployer", "doctor", "command"};

struct TemplateFile {
  std::string_view name, text;
};
/// The files of cli/templates/plugin, compiled in (plugin_template_files.cpp is made by cmake).
[[nodiscard]] const std::vector<TemplateFile>& template_files();

/// Writes a plugin that builds and passes its own test as it stands. `taken`: names that a plugin
/// cannot have, since they are commands. `folder` is absent or empty. Exit code `usage` for a name
/// or role that cannot be, `refused` for a folder that has something in it.
[[nodiscard]] Result<> write_plugin_template(std::string_view name, std::string_view role,
                                             std::span<const std::string_view> taken,
                                             const std::filesystem::path& folder);

}  // namespace cdctl::cli
