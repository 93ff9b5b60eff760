#pragma once

#include <string>
#include <string_view>

#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// Text of others for XML and HTML: control characters and broken UTF-8 made visible, markup
/// escaped.
[[nodiscard]] std::string markup(std::string_view text);

/// The style of a page with pictures and tables, on a telephone, too.
[[nodiscard]] std::string page_style();
/// The picture for a wide page and the one for a narrow page; page_style() shows the one that fits.
/// `name` tells them apart from others of the same page.
[[nodiscard]] std::string pictures(const Timeline& timeline, const std::string& name);

/// A whole page: the picture, and the same in tables.
[[nodiscard]] std::string timeline_html(const Timeline& timeline);

}  // namespace cdctl::cli
