#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

struct ShellWord {
  std::string text;        ///< quotes and backslashes removed
  std::size_t column = 0;  ///< of its first byte, from 1
  std::size_t end = 0;     ///< of the byte behind its last one, quotes and all
};

/// Splits a line by the word rules of a POSIX shell: blanks separate, '...' keeps all, "..." keeps
/// all but \" and \\, a backslash keeps the next byte. Nothing is expanded, and # is a letter like
/// others. Returns the problem's column and text in `problem` for an open quote or a backslash at
/// the end.
[[nodiscard]] std::vector<ShellWord> shell_words(std::string_view line, Problem& problem);

/// All of `text` as a whole number; empty when it is anything else, or does not fit.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

/// The value of a variable; empty when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string&)>;

/// Replaces `${NAME}` and `${NAME:-default}` (used when NAME is unset or empty). Anything else with
/// a `$` stays as it is. The error is only the reason: which variable is not set, that a `${` is
/// not closed, or that one is inside another.
[[nodiscard]] std::expected<std::string, std::string> expand(std::string_view text,
                                                             const Lookup& lookup);

/// `[A-Za-z_][A-Za-z0-9_]*`
[[nodiscard]] bool valid_variable_name(std::string_view name);

}  // namespace cdctl::mojo
