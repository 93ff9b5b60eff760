#include "core/records/candidate.hpp"

namespace cdctl::records {

Candidate candidate_of(const Proposal& proposal) {
  Candidate out;
  static_cast<ProposalMembers&>(out) = proposal;
  Json::Object more;
  for (const auto& member : proposal.more.members())
    if (!detail::is_held<Candidate>(member.first)) more.push_back(member);
  out.more = Json(std::move(more));
  return out;
}

}  // namespace cdctl::records
