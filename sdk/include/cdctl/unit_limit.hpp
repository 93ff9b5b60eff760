#pragma once

#include <cstdint>

namespace cdctl {

/// What one unit of a process type may use at most, with all that it starts.
struct UnitLimit {
  std::int64_t memory = 0;  ///< bytes; 0 = no limit
  std::int64_t cpu = 0;     ///< thousandths of a processor; 0 = no limit

  friend bool operator==(const UnitLimit&, const UnitLimit&) = default;
};

}  // namespace cdctl
