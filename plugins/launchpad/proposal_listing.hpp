#pragma once

#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

/// The open merge proposals of a target with all that was said of each, the oldest first. All of
/// them, or an error. One whose branch is gone proposes nothing.
[[nodiscard]] Result<std::vector<Proposal>> list_proposals(WebService& web,
                                                           const TargetConfig& target,
                                                           const Deadline& deadline);

}  // namespace cdctl::launchpad
