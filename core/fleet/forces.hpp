#pragma once

#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

namespace cdctl::fleet {

/// `by alice@web1 on thumbs: why; cdctl force none thumbs lifts that`: what an action that a forced
/// state refuses says of it.
[[nodiscard]] std::string forced_text(const Force& force, const SetName& set);

}  // namespace cdctl::fleet
