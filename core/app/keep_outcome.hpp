#pragma once

#include <cdctl/json.hpp>

#include "core/app/context.hpp"

namespace cdctl::app {

/// Adds an outcome to the log of the home, from which `history`, `metrics` and `notify` tell. What
/// was done is done all the same where that fails, on a full disk say: a warning names the set, or
/// the service, and what nobody will hear of.
void keep_outcome(const Context& context, const Json& record);

}  // namespace cdctl::app
