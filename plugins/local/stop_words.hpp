#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/grace.hpp>

// How long a set has to end and how it is told, as the engine says it to a supervisor.

namespace cdctl::local {

/// `main 3 30000`: TERM to whom, the second signal, and when.
[[nodiscard]] std::string to_text(const StopWay& way);
[[nodiscard]] std::optional<StopWay> parse_stop_way(std::string_view text);

/// `10000 worker=7200000 web=30000 worker!main,3,30000`. A supervisor of before the ways takes them
/// for the times of processes that it does not have.
[[nodiscard]] std::string grace_words(const Grace& grace);
/// What cannot be read is left out.
[[nodiscard]] Grace parse_grace(std::string_view words);
/// Not longer than anybody waits.
[[nodiscard]] Millis grace_in(std::string_view digits);

}  // namespace cdctl::local
