#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdctl::cli {

/// Whether the terminal shows more than ASCII: as LC_ALL, LC_CTYPE and LANG say, and not when TERM
/// is `dumb`.
[[nodiscard]] bool screen_knows_utf8();
/// A `?` for each column of what such a terminal cannot show.
[[nodiscard]] std::string ascii_of(std::string_view text);
/// Cut or filled up with blanks to exactly `columns`; `right`: they stand before it.
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns, bool right = false);
/// `text` broken at blanks into lines of at most `columns` (0: no bound), for a place where
/// `indent` columns are taken already; the lines after the first begin with so many blanks. A word
/// that is longer than a line stays whole.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);
/// The same for a cell of a table: lines of at most `width`, where a long word is broken, too.
[[nodiscard]] std::vector<std::string> lines_within(std::string_view text, std::size_t width);

}  // namespace cdctl::cli
