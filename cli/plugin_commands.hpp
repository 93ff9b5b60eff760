#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "output.hpp"
#include "plugin_host.hpp"

namespace cdctl::cli {

/// The options of a plugin's command and the global ones; they refer to `row`.
[[nodiscard]] std::vector<Option> all_options(const CommandInfo& row);

/// Runs `cdctl GROUP COMMAND …` when a plugin named GROUP offers commands; empty when none does.
[[nodiscard]] std::optional<int> run_plugin_command(const std::string& group, const std::vector<std::string>& words, Output& out);

/// The plugins that offer commands, by name, each with its summary: from their manifests, no plugin is opened.
[[nodiscard]] std::map<std::string, std::string> plugin_groups();

/// The programs `cdctl-NAME` on PATH that are no command of cdctl, by NAME; the first on PATH counts.
[[nodiscard]] std::map<std::string, std::filesystem::path> external_commands();

/// Becomes `cdctl-NAME` when such a program is on PATH. Returns why it could not be started, or empty when there is none.
[[nodiscard]] std::optional<std::string> exec_external(const std::string& name, const std::vector<std::string>& words);

}  // namespace cdctl::cli
