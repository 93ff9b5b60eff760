#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Proposals and votes of a team that has nothing but a repository. A proposal is a branch
/// `propose/TARGET/TOPIC`; a vote is a signed tag `refs/reviews/TARGET/TOPIC/WHO` of the commit
/// that was reviewed. Who can push can take such a ref away, but not make a vote of somebody
/// else's: the tag names target, topic and vote, and counts when a key of the target's
/// allowed-signers file has signed all of it.
class GitForge final : public Forge {
 public:
  explicit GitForge(Host& host) : host_(host) {}

 protected:
  std::vector<Result<std::vector<Proposal>>> do_proposals(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) override;
  Result<ProposeAnswer> do_propose(const TargetConfig& target, const ProposeRequest& request,
                                   const Deadline& deadline) override;
  Result<ReviewAnswer> do_review(const TargetConfig& target, const ReviewRequest& request,
                                 const Deadline& deadline) override;
  Result<bool> do_report(const TargetConfig& target, const std::string& id,
                         const ProposalReport& report, const Deadline& deadline) override;
  Result<bool> do_clear(const TargetConfig& target, const std::string& id, const std::string& head,
                        const Deadline& deadline) override;

 private:
  Host& host_;
};

/// Where the proposals of a target are, by its file. Exit code `config`.
[[nodiscard]] Result<ProposalRefs> proposal_refs(const TargetConfig& target);

}  // namespace cdctl::git
