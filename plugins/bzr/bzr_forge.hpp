#pragma once

#include <string>

#include <cdctl/host.hpp>
#include <cdctl/roles/forge.hpp>

namespace cdctl::bzr {

/// Proposals that are Breezy branches: those in a folder, or named one by one. Votes are signed
/// files of a branch of reviews. It needs no server but the one that has the branches.
class BzrForge final : public Forge {
 public:
  explicit BzrForge(Host& host) : host_(host) {}

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

}  // namespace cdctl::bzr
