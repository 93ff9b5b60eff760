#pragma once

#include <span>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::git {

/// The open proposals of targets, answers in the order asked, the oldest first. A repository is
/// asked once, however many targets it has.
[[nodiscard]] std::vector<Result<std::vector<Proposal>>> list_proposals(
    Host& host, std::span<const TargetConfig* const> targets, const Deadline& deadline);

}  // namespace cdctl::git
