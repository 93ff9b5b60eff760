#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/forges/pull_server.hpp"

namespace cdctl::github {

/// A repository on GitHub, or GitHub Enterprise. GitHub notices by itself what was pushed.
class GithubServer final : public forges::PullServer {
 public:
  GithubServer(Host& host, const ForgeAccess& access);

  /// GraphQL, which alone tells some things.
  [[nodiscard]] Result<Json> query(const std::string& text, Json variables,
                                   const Deadline& deadline);

  [[nodiscard]] const forges::ServerWords& words() const override;
  [[nodiscard]] const forges::ReviewWords& review_words() const override;
  [[nodiscard]] bool is_dismissed(const Json& review) const override;
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
  [[nodiscard]] Result<forges::ChangeRequest> merged_by(const RestAnswer& answer,
                                                        const std::string& id,
                                                        const Deadline& deadline) override;
  [[nodiscard]] LandAnswer::State why_unmerged(const RestAnswer& answer) const override;
  [[nodiscard]] std::string branch_path(const std::string& branch) const override;
  [[nodiscard]] std::string removal_path(const std::string& branch) const override;

 private:
  [[nodiscard]] std::string tip_of(const Json& ref) const override;
  [[nodiscard]] Result<std::string> tree_of(const std::string& commit,
                                            const Deadline& deadline) override;

  Rest graph_;
};

/// What GitHub calls a review's states.
inline constexpr forges::ReviewWords k_review_words{"APPROVE", "CHANGES_REQUESTED"};
/// What a check run says, by GitHub's own rule: `skipped` and `neutral` are a pass.
[[nodiscard]] CommitStatus::State check_state(std::string_view status, std::string_view conclusion);
/// The same of a commit status.
[[nodiscard]] CommitStatus::State status_state(std::string_view state);

extern const forges::ServerKind k_kind;

}  // namespace cdctl::github
