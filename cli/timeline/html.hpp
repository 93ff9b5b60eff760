#pragma once

#include <string>
#include <string_view>

#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// Text of others for XML and HTML: control characters and broken UTF-8 made visible, markup
/// escaped.
[[nodiscard]] std::string markup(std::string_view text);

/// A whole page: the picture, and the same in tables.
[[nodiscard]] std::string timeline_html(const Timeline& timeline);

}  // namespace cdctl::cli
