#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cli/command_line/command.hpp"

namespace cdctl::cli {

/// The page of `cdctl --help`: the idea in three pipes, the commands in a line each. `groups`:
/// plugins with commands, and what each is; `programs`: those on PATH.
[[nodiscard]] std::string overview(const std::map<std::string, std::string>& groups,
                                   const std::map<std::string, std::filesystem::path>& programs);
/// The page of `cdctl COMMAND --help`: two examples first; fits a screen.
[[nodiscard]] std::string help_of(const Command& command);

}  // namespace cdctl::cli
