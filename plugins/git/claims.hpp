#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdctl::git {

/// The last line of what squash and rebase make: which head of a proposal it was, for people and as
/// a hint where to look. Nothing is believed by it: see has_landed().
inline constexpr std::string_view k_head_line = "Land-head: ";

/// What stands in a message, below its first line, and only the lander can know: `Land-head` and
/// the other lines of its own, and `Reviewed-by` of somebody who is none of `reviewers`. As git
/// reads trailers: upper and lower case are one, and a line that goes on belongs to the one before.
[[nodiscard]] bool makes_claims(std::string_view message,
                                const std::vector<std::string>& reviewers);
/// The message without them, each of its lines ended.
[[nodiscard]] std::string without_claims(std::string_view message,
                                         const std::vector<std::string>& reviewers);

}  // namespace cdctl::git
