#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>

#include "cli/command_line/command.hpp"

namespace cdctl::cli {

/// Parses the words after the command's name with CLI11. Exit code `usage` with a hint when they do
/// not fit.
[[nodiscard]] Result<Arguments> parse_words(std::string_view command,
                                            std::span<const Option> options, bool takes_words,
                                            const std::vector<std::string>& words);

}  // namespace cdctl::cli
