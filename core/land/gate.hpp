#pragma once

#include <vector>

#include <cdctl/target.hpp>

#include "core/records/candidate.hpp"
#include "core/records/proposal.hpp"

namespace cdctl::land {

/// Decides which proposals of one target may land, in an order in which they can: what has to come
/// first stands first, and otherwise they keep theirs. The ready ones come first, then the others,
/// each with why not. The gates in this order: votes, contributors, prerequisites. No line of a
/// proposal is run.
///
/// A vote counts when the forge vouches for it, it was given to the head that is proposed now, and
/// it is nobody's who made the proposal. Exit code `config` when the target's votes or message
/// cannot be used: nothing is decided of it then.
[[nodiscard]] Result<std::vector<records::Candidate>> judge(
    const TargetConfig& target, const std::vector<records::Proposal>& proposals);

}  // namespace cdctl::land
