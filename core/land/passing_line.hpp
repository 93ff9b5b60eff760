#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl::land {

/// Of a test that runs, and how long it may run and say nothing.
struct TestTimes {
  Millis elapsed{}, limit{}, silence{};
};

/// How a test stands, for who waits: how much of its time is over, its last line, and for how long
/// it has said nothing, once that is a while: `[72/3600] main: fix: 3 of 70 passed (silent for 12s
/// of 15m)`.
[[nodiscard]] std::string passing_line(std::string_view what, const std::filesystem::path& log,
                                       const TestTimes& times, Time at);

}  // namespace cdctl::land
