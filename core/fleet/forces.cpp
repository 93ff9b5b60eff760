#include "core/fleet/forces.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::fleet {

std::string forced_text(const Force& force, const SetName& set) {
  const auto target = force.target.empty() ? set.str() : force.target;
  return fmt::format("by {} on {}: {}; cdctl force none {} lifts that", force.by, target,
                     printable(force.why, 120), target);
}

}  // namespace cdctl::fleet
