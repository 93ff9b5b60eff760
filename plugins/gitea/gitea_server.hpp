#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/forges/pull_server.hpp"

namespace cdctl::gitea {

/// A repository on Gitea or Forgejo. Gitea is told what was merged, where it does not notice.
class GiteaServer final : public forges::PullServer {
 public:
  GiteaServer(Host& host, const ForgeAccess& access);

  [[nodiscard]] const forges::ServerWords& words() const override;
  [[nodiscard]] const forges::ReviewWords& review_words() const override;
  [[nodiscard]] bool is_dismissed(const Json& review) const override;
  void examine(const TargetConfig& target, const Json& repository, Check& out) const override;
  [[nodiscard]] Result<std::vector<forges::ChangeRequest>> using_branch(
      const std::string& branch, const Deadline& deadline) override;
  [[nodiscard]] std::vector<Result<std::vector<Proposal>>> list(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) override;
  [[nodiscard]] Result<std::optional<forges::ChangeRequest>> find(
      const TargetConfig& target, const PushedBranch& branch, const Deadline& deadline) override;
  [[nodiscard]] Result<std::string> why_not_counted(const TargetConfig& target,
                                                    const forges::ChangeRequest& change,
                                                    const std::string& who,
                                                    const Deadline& deadline) override;
  [[nodiscard]] Result<std::vector<CommitStatus>> statuses(const std::string& commit,
                                                           const Deadline& deadline) override;
  [[nodiscard]] RestRequest merging(const std::string& id, const LandRequest& request,
                                    MergeMethod method) const override;
  [[nodiscard]] bool may_be_checking(const RestAnswer& answer) const override;
  [[nodiscard]] forges::Readiness readiness(const forges::ChangeRequest& now) const override;
  [[nodiscard]] Result<forges::ChangeRequest> merged_by(const RestAnswer& answer,
                                                        const std::string& id,
                                                        const Deadline& deadline) override;
  [[nodiscard]] LandAnswer::State why_unmerged(const RestAnswer& answer) const override;
  [[nodiscard]] Result<bool> settle(const TargetConfig& target, forges::ChangeRequest& one,
                                    const Deadline& deadline) override;
  [[nodiscard]] std::string branch_path(const std::string& branch) const override;

 private:
  [[nodiscard]] Result<std::string> tree_of(const std::string& commit,
                                            const Deadline& deadline) override;
  [[nodiscard]] Result<std::string> merge_commit(const TargetConfig& target,
                                                 const std::string& head, const Deadline& deadline);
};

/// What Gitea calls a review's states.
inline constexpr forges::ReviewWords k_review_words{"APPROVED", "REQUEST_CHANGES"};
/// What a status says, by Gitea's own rule: `warning` and `skipped` are a pass.
[[nodiscard]] CommitStatus::State status_state(std::string_view state);

extern const forges::ServerKind k_kind;

}  // namespace cdctl::gitea
