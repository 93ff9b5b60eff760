#pragma once

#include <vector>

#include <cdctl/time.hpp>
#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/reading.hpp"

namespace cdctl::local {

/// What the last look left about one set.
struct UnitsBefore {
  Time at{};
  std::vector<std::int64_t> restarts;  ///< of each unit
};

/// The signals of one look at a set's units. `counted`: units up and restarts go out as counts, for
/// a service whose work nobody else counts. Asks nobody.
[[nodiscard]] std::vector<Json> judge_units(const SetName& set, const Reading& reading,
                                            const std::optional<UnitsBefore>& before, bool counted,
                                            Time clock);

}  // namespace cdctl::local
