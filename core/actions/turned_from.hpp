#pragma once

#include <vector>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// What a person turns away from by naming an older revision stays out until somebody resumes: by
/// itself it would be put out again in a minute. Notes that in the memory, as of `at`, and says so.
/// `held_out`: the one that was named was held out before, and is not any more, since the newer
/// word counts.
[[nodiscard]] Result<> turn_from(app::Context& context, Memory& memory, const SetName& named,
                                 const std::vector<SetName>& turned_from, bool held_out, Time at,
                                 const Deadline& deadline);

/// The line about one of them. `dry`: nothing is noted.
void say_turned_from(app::Context& context, const SetName& newer, bool dry);

}  // namespace cdctl::actions
