#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

struct Word {
  std::string text;        ///< quotes and backslashes removed
  std::size_t column = 0;  ///< of its first byte, from 1
  std::size_t end = 0;     ///< of the byte behind its last one, quotes and all
};

/// Splits a line by the word rules of a POSIX shell: blanks separate, '...' keeps all, "..." keeps
/// all but \" and \\, a backslash keeps the next byte. Nothing is expanded, and # is a letter like
/// others. Returns the problem's column and text in `problem` for an open quote or a backslash at
/// the end.
[[nodiscard]] std::vector<Word> split_words(std::string_view line, Problem& problem);

}  // namespace cdctl::mojo
