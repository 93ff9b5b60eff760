#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl::local {

/// How a line of a unit's log begins: `2026-11-23T04:11:30.120Z ` before what the unit wrote,
/// `2026-11-23T04:11:30.120Z! ` before what is said about it. A unit cannot write the second: each
/// line of its own gets the first.
[[nodiscard]] std::string line_stamp(Time time, bool engine);

struct LoggedLine {
  std::optional<Time> time;  ///< empty of a line that an older cdctl wrote
  bool engine = false;
  std::string_view text;  ///< into the line
};
[[nodiscard]] LoggedLine parse_logged_line(std::string_view line);

}  // namespace cdctl::local
