#pragma once

#include <string>
#include <string_view>

namespace cdctl::cli {

/// Whether the terminal shows more than ASCII: as LC_ALL, LC_CTYPE and LANG say, and not when TERM is `dumb`.
[[nodiscard]] bool screen_knows_utf8();
/// A `?` for each character that such a terminal cannot show.
[[nodiscard]] std::string ascii_of(std::string_view text);

}  // namespace cdctl::cli
