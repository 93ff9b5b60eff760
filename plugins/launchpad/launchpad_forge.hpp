#pragma once

#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

/// Merge proposals of Launchpad, of git repositories and of Breezy branches. What lands is pushed
/// by the Repository; Launchpad is told at once, since it looks at branches only every few minutes.
class LaunchpadForge final : public Forge {
 public:
  explicit LaunchpadForge(Host& host) : webs_(host) {}

 protected:
  std::vector<Result<std::vector<Proposal>>> do_proposals(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) override;
  Result<ProposeAnswer> do_propose(const TargetConfig& target, const ProposeRequest& request,
                                   const Deadline& deadline) override;
  Result<ReviewAnswer> do_review(const TargetConfig& target, const ReviewRequest& request,
                                 const Deadline& deadline) override;
  Result<bool> do_report(const TargetConfig& target, const std::string& id,
                         const ProposalReport& report, const Deadline& deadline) override;
  Result<std::vector<CommitStatus>> do_statuses(const TargetConfig& target,
                                                const std::string& commit,
                                                const Deadline& deadline) override;
  Result<std::optional<LandAnswer>> do_land(const TargetConfig& target, const std::string& id,
                                            const LandRequest& request,
                                            const Deadline& deadline) override;
  Result<bool> do_clear(const TargetConfig& target, const std::string& id, const std::string& head,
                        const Deadline& deadline) override;

 private:
  WebServices webs_;
};

}  // namespace cdctl::launchpad
