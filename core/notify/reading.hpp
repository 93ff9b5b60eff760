#pragma once

#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

namespace cdctl::notify {

/// What a line says, and the line that is kept for receivers.
struct Reading {
  Json record;
  std::string line;  ///< empty where it is the one that was read
};

/// A line of standard input as a record. Any schema will do: receivers are for what comes one day,
/// too. A CloudEvent is the record that it carries, a severity as syslog counts it its word.
[[nodiscard]] Result<Reading> read_line(std::string_view line);

}  // namespace cdctl::notify
