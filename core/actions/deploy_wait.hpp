#pragma once

#include <optional>

#include <cdctl/config.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// For people: stays until all units have been up, by our own clock and without a restart, for
/// `settle`, or for as long as the engine thinks fit. An error, too, when the set is cut or gone:
/// then it serves nobody, whatever its units do.
[[nodiscard]] Result<> wait_until_up(app::Context& context, const ServiceConfig& service,
                                     const SetName& set, std::optional<Millis> settle,
                                     const Deadline& deadline);

}  // namespace cdctl::actions
