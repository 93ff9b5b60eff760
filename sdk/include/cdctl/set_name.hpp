#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdctl {

/// `[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*`, at most 38 characters, not ending like a revision.
[[nodiscard]] bool valid_service_name(std::string_view name);
/// `r` and ten lower-case hex digits.
[[nodiscard]] bool valid_revision(std::string_view text);

/// One worker set: a service at a revision.
struct SetName {
  std::string service;
  std::string revision;

  [[nodiscard]] std::string str() const { return service + "-" + revision; }
  auto operator<=>(const SetName&) const = default;
};
/// Splits `thumbs-r5f0c1e9a2b`; empty when it is not a valid set name.
[[nodiscard]] std::optional<SetName> parse_set_name(std::string_view text);

}  // namespace cdctl
