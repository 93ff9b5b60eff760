#pragma once

#include <optional>
#include <string>
#include <vector>

#include "output.hpp"

namespace cdctl::cli {

/// Runs `cdctl GROUP COMMAND …` when a plugin named GROUP offers commands; empty when none does.
[[nodiscard]] std::optional<int> run_plugin_command(const std::string& group, const std::vector<std::string>& words, Output& out);

/// Becomes `cdctl-NAME` when such a program is on PATH. Returns why it could not be started, or empty when there is none.
[[nodiscard]] std::optional<std::string> exec_external(const std::string& name, const std::vector<std::string>& words);

}  // namespace cdctl::cli
