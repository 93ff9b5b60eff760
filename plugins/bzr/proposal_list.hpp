#pragma once

#include <span>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::bzr {

/// The open proposals of one target, the oldest first. What is fetched for it stays in the
/// workshop: what a revision held when it was read is what is merged and lands.
[[nodiscard]] Result<std::vector<Proposal>> list_proposals(Host& host, const TargetConfig& target,
                                                           const Deadline& deadline);

/// Refuses what a target may not ask of Breezy.
[[nodiscard]] Result<> check_target(const TargetConfig& target);

}  // namespace cdctl::bzr
