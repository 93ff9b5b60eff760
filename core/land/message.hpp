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
/// Who a squashed commit is by: the author of the proposal's first commit.
[[nodiscard]] records::PersonMember main_author(const records::Candidate& candidate);
/// The message of a candidate's merge: the target's template with what it says of the proposal.
/// What the proposal itself says of its reviewers is left out.
/// Lines follow for what it leaves out: `Fixes: #7` or `LP: #7` for each number that the proposal
/// says it mends, `Co-authored-by` for the further authors of a squashed one, `Reviewed-by` for
/// each reviewer.
[[nodiscard]] std::string message_of(const TargetConfig& target,
                                     const records::Candidate& candidate);

}  // namespace cdctl::land
