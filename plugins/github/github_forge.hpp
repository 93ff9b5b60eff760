#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/github/github_repository.hpp"

namespace cdctl::github {

/// Pull requests of GitHub. Heads are fetched from refs/pull/N/head of the target's repository, so
/// that a fork may go; what lands is pushed by the Repository, and GitHub notices, or it is merged
/// by GitHub's own call where nobody may push.
class GithubForge final : public Forge {
 public:
  explicit GithubForge(Host& host) : repositories_(host) {}

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
  GithubRepositories repositories_;
  /// What GitHub made of the candidates that this process has landed: the next of them was merged
  /// on the candidate, and finds GitHub's commit in its place.
  std::map<std::string, std::string> landed_as_;
};

/// What a check run says, by GitHub's own rule: `skipped` and `neutral` are a pass.
[[nodiscard]] CommitStatus::State check_state(std::string_view status, std::string_view conclusion);
/// The same of a commit status.
[[nodiscard]] CommitStatus::State status_state(std::string_view state);

}  // namespace cdctl::github
