#pragma once

#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/proposal.hpp>

namespace cdctl::launchpad {

/// What CIs say of a commit, by its status reports: the newest of each title. Only one that has
/// succeeded is a pass.
[[nodiscard]] std::vector<CommitStatus> statuses_of(const Json::Array& reports);

}  // namespace cdctl::launchpad
