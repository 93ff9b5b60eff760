#pragma once

#include <string>

#include "command.hpp"

namespace cdctl::cli {

/// The page of `cdctl --help`: the idea in three pipes, the commands in a line each.
[[nodiscard]] std::string overview();
/// The page of `cdctl COMMAND --help`: two examples first; fits a screen.
[[nodiscard]] std::string help_of(const Command& command);

}  // namespace cdctl::cli
