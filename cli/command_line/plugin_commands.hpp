#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/output/output.hpp"
#include "core/plugins/host.hpp"

namespace cdctl::cli {

/// The options of a plugin's command and the global ones; they refer to `row`.
[[nodiscard]] std::vector<Option> all_options(const plugin::CommandRow& row);

/// Every option of a group's commands: any of them can stand before the command's name. They refer
/// to `plugin`.
[[nodiscard]] std::vector<Option> group_options(const plugins::PluginInfo& plugin);

/// Runs `cdctl GROUP COMMAND …` when a plugin named GROUP offers commands; empty when none does.
[[nodiscard]] std::optional<int> run_plugin_command(const std::string& group,
                                                    const std::vector<std::string>& words,
                                                    Output& out);

/// The plugins that offer commands, by name, each with its summary: from their manifests, no plugin
/// is opened.
[[nodiscard]] std::map<std::string, std::string> plugin_groups();

}  // namespace cdctl::cli
