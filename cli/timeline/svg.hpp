#pragma once

#include <string>

#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// A whole SVG document, light or dark as the reader's system is.
[[nodiscard]] std::string timeline_svg(const Timeline& timeline);

}  // namespace cdctl::cli
