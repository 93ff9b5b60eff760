#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/forges/code_server.hpp"

namespace cdctl::gitlab {

/// A project on GitLab. GitLab notices by itself what was pushed.
class GitlabServer final : public forges::CodeServer {
 public:
  GitlabServer(Host& host, const ForgeAccess& access);

  [[nodiscard]] const forges::ServerWords& words() const override;
  [[nodiscard]] std::string path(std::string_view rest) const override;
  [[nodiscard]] bool decides(int status) const override;
  [[nodiscard]] Result<std::string> me(const Deadline& deadline) override;
  [[nodiscard]] forges::ChangeRequest read(const Json& request) const override;
  [[nodiscard]] Result<std::vector<forges::ChangeRequest>> using_branch(
      const std::string& branch, const Deadline& deadline) override;
  [[nodiscard]] std::vector<Result<std::vector<Proposal>>> list(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) override;
  [[nodiscard]] Result<std::optional<forges::ChangeRequest>> find(
      const TargetConfig& target, const PushedBranch& branch, const Deadline& deadline) override;
  [[nodiscard]] Result<RestRequest> opening(const TargetConfig& target, const PushedBranch& branch,
                                            const std::string& description,
                                            const Deadline& deadline) override;
  [[nodiscard]] RestRequest describing(const std::string& id,
                                       const std::string& description) const override;
  [[nodiscard]] RestRequest closing(const std::string& id) const override;
  [[nodiscard]] Result<> vote(const ReviewRequest& request, const forges::ChangeRequest& change,
                              ReviewAnswer& out, const Deadline& deadline) override;
  [[nodiscard]] Result<std::string> why_not_counted(const TargetConfig& target,
                                                    const forges::ChangeRequest& change,
                                                    const std::string& who,
                                                    const Deadline& deadline) override;
  [[nodiscard]] CommentCalls comments(const std::string& id) const override;
  [[nodiscard]] Result<std::vector<CommitStatus>> statuses(const std::string& commit,
                                                           const Deadline& deadline) override;
  [[nodiscard]] bool is_same_status(const RestAnswer& answer) const override;
  [[nodiscard]] std::optional<RestRequest> status_again(const RestRequest& request,
                                                        const RestAnswer& answer,
                                                        const std::string& ref) const override;
  [[nodiscard]] RestRequest merging(const std::string& id, const LandRequest& request,
                                    MergeMethod method) const override;
  [[nodiscard]] bool may_be_checking(const RestAnswer& answer) const override;
  [[nodiscard]] forges::Readiness readiness(const forges::ChangeRequest& now) const override;
  [[nodiscard]] Result<forges::ChangeRequest> merged_by(const RestAnswer& answer,
                                                        const std::string& id,
                                                        const Deadline& deadline) override;
  [[nodiscard]] Result<LandAnswer> read_merge(const forges::ChangeRequest& change,
                                              const Deadline& deadline) override;
  [[nodiscard]] LandAnswer::State why_unmerged(const RestAnswer& answer) const override;
  [[nodiscard]] std::string more_of(const forges::ChangeRequest& now) const override;
  [[nodiscard]] std::string branch_path(const std::string& branch) const override;
  [[nodiscard]] bool may_push(const Json& project) const override;

 private:
  [[nodiscard]] Result<std::int64_t> project_id(const std::string& path, const Deadline& deadline);
  [[nodiscard]] Result<> resolve_own(const std::string& id, const Json::Array& discussions,
                                     const std::string& me, const Deadline& deadline);

  std::string me_;
};

/// What a status says. Only `success` is a pass: a job that was skipped has tested nothing.
[[nodiscard]] CommitStatus::State status_state(std::string_view state);

extern const forges::ServerKind k_kind;

}  // namespace cdctl::gitlab
