#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/gitlab/gitlab_project.hpp"

namespace cdctl::gitlab {

/// Merge requests of GitLab. Heads are fetched from refs/merge-requests/N/head of the target's
/// repository, so that a fork may go; what lands is pushed by the Repository, and GitLab notices,
/// or it is merged by GitLab's own call where nobody may push.
class GitlabForge final : public Forge {
 public:
  explicit GitlabForge(Host& host) : projects_(host) {}

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
  GitlabProjects projects_;
  /// What GitLab made of the candidates that this process has landed: the next of them was merged
  /// on the candidate, and finds GitLab's commit in its place.
  std::map<std::string, std::string> landed_as_;
};

/// What a status says. Only `success` is a pass: a job that was skipped has tested nothing.
[[nodiscard]] CommitStatus::State status_state(std::string_view state);

}  // namespace cdctl::gitlab
