#pragma once

#include <string>
#include <string_view>

#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// How a picture is laid out, and what it stands in.
struct Drawing {
  bool narrow = false;    ///< for a telephone: 360 wide, names and states above their bars
  bool alone = true;      ///< a document of its own, with its style; else in a page that has it
  std::string name = {};  ///< tells it apart from other pictures of the same page
};

/// The picture as SVG, light or dark as the reader's system is.
[[nodiscard]] std::string timeline_svg(const Timeline& timeline, const Drawing& drawing = {});
/// The style of pictures, for a page that has some.
[[nodiscard]] std::string_view timeline_svg_style();

}  // namespace cdctl::cli
