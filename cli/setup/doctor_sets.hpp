#pragma once

#include <vector>

#include <cdctl/roles.hpp>

#include "core/app/context.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::cli {

/// Sets that are not where the memory says, or not what it says: those whose user on the broker is
/// gone, those that their home has lost, what lies here of sets of other homes, and foreign ones.
[[nodiscard]] std::vector<Check> look_at_sets(app::Context& context, Millis timeout);

/// What is wrong with one set, if anything. Asks nobody.
[[nodiscard]] std::vector<Check> check_of(const fleet::SetView& set);

}  // namespace cdctl::cli
