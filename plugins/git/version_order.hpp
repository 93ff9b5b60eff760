#pragma once

#include <compare>
#include <string_view>

namespace cdctl::git {

/// Orders tag names as versions: digits count as numbers (v1.9 < v1.10), and a pre-release comes
/// before its release (v2.0-rc1 < v2.0). Names that say the same version are ordered by their
/// bytes, so the order is total.
[[nodiscard]] std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace cdctl::git
