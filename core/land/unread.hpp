#pragma once

#include <algorithm>

#include "core/records/proposal.hpp"

namespace cdctl::land {

/// The mark that a forge leaves on a proposal of which it could not read what was said: a vote of
/// nobody, `Unknown`, with the reason. Null where there is none. Nothing is decided of such a
/// proposal, whatever else is said of it; the others go on.
[[nodiscard]] inline const records::VoteMember* unread_in(
    const records::ProposalMembers& proposal) {
  const auto at = std::ranges::find_if(proposal.votes, [](const records::VoteMember& vote) {
    return vote.who.empty() && vote.value == "Unknown";
  });
  return at == proposal.votes.end() ? nullptr : &*at;
}

}  // namespace cdctl::land
