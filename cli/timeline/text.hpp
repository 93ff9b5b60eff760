#pragma once

#include <string>

#include "cli/timeline/timeline.hpp"

namespace cdctl::cli {

/// What a timeline is drawn for.
struct Terminal {
  std::size_t width = 80;
  bool ascii = false, colour = false;
};
[[nodiscard]] std::string timeline_text(const Timeline& timeline, const Terminal& terminal);

}  // namespace cdctl::cli
