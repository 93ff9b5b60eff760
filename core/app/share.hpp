#pragma once

#include <string>

#include <cdctl/time.hpp>

namespace cdctl::app {

/// How much of a time is over, as a passing line begins: `[3/10] `, in seconds. Empty where all of
/// it is less than a second.
[[nodiscard]] std::string share_of(Millis done, Millis all);

}  // namespace cdctl::app
