#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/forges/code_server.hpp"

namespace cdctl::forges {

/// What a server with pull requests by GitHub's model calls a review's states.
struct ReviewWords {
  std::string_view approve;     ///< the event that approves
  std::string_view wants_more;  ///< the state of one that asks for changes
};

/// What a review says; empty where it is no vote.
[[nodiscard]] std::string vote_of(const Json& review, const ReviewWords& words);

/// GitHub, and what was made after it: Gitea, Forgejo.
class PullServer : public CodeServer {
 public:
  using CodeServer::CodeServer;

  [[nodiscard]] virtual const ReviewWords& review_words() const = 0;
  [[nodiscard]] virtual bool is_dismissed(const Json& review) const = 0;

  [[nodiscard]] std::string path(std::string_view rest) const override;
  [[nodiscard]] ChangeRequest read(const Json& change) const override;
  [[nodiscard]] Result<RestRequest> opening(const TargetConfig& target, const PushedBranch& branch,
                                            const std::string& description,
                                            const Deadline& deadline) override;
  [[nodiscard]] RestRequest describing(const std::string& id,
                                       const std::string& description) const override;
  [[nodiscard]] RestRequest closing(const std::string& id) const override;
  [[nodiscard]] Result<> vote(const ReviewRequest& request, const ChangeRequest& change,
                              ReviewAnswer& out, const Deadline& deadline) override;
  [[nodiscard]] CommentCalls comments(const std::string& id) const override;
  [[nodiscard]] Result<LandAnswer> read_merge(const ChangeRequest& change,
                                              const Deadline& deadline) override;

 protected:
  [[nodiscard]] virtual Result<std::string> tree_of(const std::string& commit,
                                                    const Deadline& deadline) = 0;
  /// Those of a list that come from a branch that was pushed, and are for a target.
  [[nodiscard]] Result<std::optional<ChangeRequest>> find_in(const std::string& list,
                                                             const TargetConfig& target,
                                                             const PushedBranch& branch,
                                                             const Deadline& deadline);
  [[nodiscard]] Result<std::vector<ChangeRequest>> read_all(const std::string& list,
                                                            const Deadline& deadline);
};

[[nodiscard]] std::string_view merge_word(MergeMethod method);

}  // namespace cdctl::forges
