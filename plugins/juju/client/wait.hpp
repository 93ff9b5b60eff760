#pragma once

#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

// How the plugin waits before it looks, or asks again.

namespace cdctl::juju {

/// How often one question is asked again.
constexpr int k_most_repeats = 4;
/// Waits a moment that grows with each repeat and is never the same twice; false when there is no
/// time left for it, or we were asked to stop.
[[nodiscard]] bool pause_before_repeat(int repeat, const Deadline& deadline);

/// Waits `most`, or less at the deadline. An error when we were asked to stop; `doing` opens it.
[[nodiscard]] Result<> wait_a_while(Millis most, const Deadline& deadline, std::string_view doing);
/// We were asked to stop: exit code `interrupted` or `terminated`. `cure` ends the error.
[[nodiscard]] Error stopped(std::string_view doing, std::string_view cure = {});

}  // namespace cdctl::juju
