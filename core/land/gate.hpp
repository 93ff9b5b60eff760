#pragma once

#include <string>
#include <vector>

#include <cdctl/target.hpp>

#include "core/records/candidate.hpp"
#include "core/records/proposal.hpp"

namespace cdctl::land {

struct GateOptions {
  std::string frozen;  ///< why nothing lands on the target at present
  std::string first;   ///< a label: what has it goes before the others, with what it comes after
};

/// Decides which proposals of one target may land, in an order in which they can: what has to come
/// first stands first, and otherwise they keep theirs. The ready ones come first, then the others,
/// each with why not. The gates in this order: drafts and labels that hold, votes, contributors,
/// prerequisites, a freeze of the target. No line of a proposal is run.
///
/// A vote counts when the forge vouches for it, it was given to the head that is proposed now, and
/// it is nobody's who made the proposal. One of which the forge could not read what was said is
/// `deferred`. Exit code `config` when the target's votes or message cannot be used: nothing is
/// decided of it then.
[[nodiscard]] Result<std::vector<records::Candidate>> judge(
    const TargetConfig& target, const std::vector<records::Proposal>& proposals,
    const GateOptions& options = {});

}  // namespace cdctl::land
