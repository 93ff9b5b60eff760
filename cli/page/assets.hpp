#pragma once

#include <string>
#include <string_view>

namespace cdctl::cli {

/// `page.css`: the style of timelines, and what the board has beside them.
[[nodiscard]] const std::string& board_style();
/// `page.js`: takes what changes and says how old it is. The page is whole without it.
[[nodiscard]] std::string_view board_script();

}  // namespace cdctl::cli
