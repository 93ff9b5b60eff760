#include "plugins/rabbit/broker/version.hpp"

#include <charconv>

namespace cdctl::rabbit {

std::optional<Version> parse_version(std::string_view text) {
  Version out;
  const auto* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec != std::errc() || out.major < 1) return {};
  if (major.ptr != end && *major.ptr == '.') (void)std::from_chars(major.ptr + 1, end, out.minor);
  return out;
}

}  // namespace cdctl::rabbit
