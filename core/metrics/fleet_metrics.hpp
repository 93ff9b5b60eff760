#pragma once

#include "core/fleet/fleet.hpp"
#include "core/metrics/exposition.hpp"

namespace cdctl::metrics {

/// What a cut was made for, of few words: the subject of its rule (`critical`, `errors`, …,
/// `name`, `rate`, `baseline`), or `hand` where a person gave the reason.
[[nodiscard]] std::string_view class_of_cut(std::string_view why);

/// What a set is in one word, of few: `live`, `cut`, `trial`, `deploying`, `partial`, `down`,
/// `stopped`, `locked_out` (what `ls` calls `live, stopped` and `live, locked out`), `reaping`,
/// `lost` or `unknown`.
[[nodiscard]] std::string_view state_of(const fleet::SetView& set);

/// The families of services and their sets, from a fleet that was loaded with holds and outages.
void write_fleet(const std::vector<fleet::ServiceView>& services, bool per_set, Exposition& out);

}  // namespace cdctl::metrics
