#pragma once

#include <string>

#include <cdctl/time.hpp>

#include "core/actions/reap.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// The end of a service: no deploy begins any more, its sets go one by one as a reap would do it,
/// and then what is remembered of it. Every step is repeated on a second run, so that one that was
/// killed in between is completed. Writes the record of it; false when it failed.
bool retire_service(app::Context& context, const std::string& service, const ReapOptions& options,
                    Millis timeout);

}  // namespace cdctl::actions
