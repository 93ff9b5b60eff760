#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl::juju {

/// What Juju says of a status: `{"current":…,"message":…,"since":…}`. Where its server could not
/// read one, Juju puts
/// `{"status-error":…}` in its place and still ends well.
struct StatusInfo {
  std::string current;  ///< one word; empty = not said
  std::string message;
  std::optional<Time> since;  ///< in seconds; often not said
  std::string error;          ///< why Juju could not read it

  [[nodiscard]] bool known() const { return error.empty() && !current.empty(); }
};

/// Never fails: what is missing or of another type is as if not said.
[[nodiscard]] StatusInfo read_info(const Json& json);

/// The `status-error` that stands in place of an object, or nothing.
[[nodiscard]] std::string status_error(const Json& json);

/// Whether a `life` says that Juju is removing what has it.
[[nodiscard]] bool leaving(std::string_view life);

/// Times as clients print them: `2025-02-24 12:03:17Z` with --utc, `24 Feb 2025 12:03:17+13:00`
/// without. Humanised ones
/// (`42 minutes ago`) are not times.
[[nodiscard]] std::optional<Time> parse_juju_time(std::string_view text);

}  // namespace cdctl::juju
