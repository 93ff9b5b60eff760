#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/forges/code_server.hpp"

namespace cdctl::forges {

/// A server for code reviews as a Forge. Heads are fetched from the server's own ref of a change
/// request in the target's repository, so that a fork may go; what lands is pushed by the
/// Repository, and the server notices or is told, or it is merged by the server's own call where
/// nobody may push.
class ReviewForge : public Forge {
 public:
  ReviewForge(Host& host, const ServerKind& kind) : host_(host), servers_(host, kind) {}

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
  void warn_if_not_counted(CodeServer& server, const TargetConfig& target,
                           const ChangeRequest& change, const std::string& who,
                           const Deadline& deadline);

  Host& host_;
  CodeServers servers_;
  /// What the server made of the candidates that this process has landed: the next of them was
  /// merged on the candidate, and finds the server's commit in its place.
  std::map<std::string, std::string> landed_as_;
};

}  // namespace cdctl::forges
