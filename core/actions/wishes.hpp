#pragma once

#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/set.hpp"
#include "core/records/want.hpp"

namespace cdctl::actions {

/// What `want` says of a service whose file has bounds: a record for each of these processes, with
/// a wish or with why there is none. It is for the newest of the sets that work (live, not cut);
/// the others count and stay as they are. Nothing where none works. `memory`: what the last look
/// left of this service. Exit code `unknown` when nobody could say what its queues hold.
[[nodiscard]] Result<std::vector<records::Want>> wishes_of(app::Context& context,
                                                           const ServiceConfig& service,
                                                           const std::vector<records::Set>& sets,
                                                           Json& memory, const Deadline& deadline);

}  // namespace cdctl::actions
