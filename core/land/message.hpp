#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/target.hpp>

#include "core/records/candidate.hpp"

namespace cdctl::land {

/// The names that may stand in a template, such as `<topic>`.
[[nodiscard]] const std::vector<std::string>& message_names();
/// Exit code `config` for a template with a name that is none of these.
[[nodiscard]] Result<> check_message(std::string_view text);
/// The message of a candidate's merge: the target's template with what it says of the proposal. A
/// line `Reviewed-by` for each reviewer follows, where the template does not name them.
[[nodiscard]] std::string message_of(const TargetConfig& target,
                                     const records::Candidate& candidate);

}  // namespace cdctl::land
