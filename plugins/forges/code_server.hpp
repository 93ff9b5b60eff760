#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/code_review.hpp>
#include <cdctl/host.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/roles/doctor.hpp>
#include <cdctl/roles/forge.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::forges {

/// A pull request or merge request, as far as all servers tell the same of it.
struct ChangeRequest {
  std::string id;
  bool open = false, merged = false;
  std::string head;          ///< its newest commit
  std::string base, branch;  ///< the branch that it is for; the one that it comes from
  bool own_branch = false;   ///< that one is in the target's repository, and not in a fork
  std::string description;
  Json json;  ///< all that its server says
};

/// How a kind of server calls things.
struct ServerWords {
  std::string_view change = "pull request";
  std::string_view changes_path = "/pulls";   ///< below the repository
  std::string_view head_refs = "refs/pull/";  ///< then its number, and `/head`
  char sign = '#';                            ///< before its number
  std::string_view statuses = "/commits/{}/statuses";
  std::string_view statuses_member = {};  ///< of the answer, which has the list
  std::string_view status_name = "context", status_state = "status", failed = "failure";
  std::string_view nobody = "somebody";  ///< a token of whom it does not tell
  std::string_view cure = {};            ///< of a token that may only read
};

/// A merge that a server is asked for, and what was tested.
struct MergeCall {
  RestRequest request;
  std::string id, head;      ///< the change request, and its commit
  std::string branch, base;  ///< the target's branch, and the commit of it that it was merged on
};

/// Whether a change request can be merged, as far as its server has found out.
enum class Readiness { unknown, ready, no };

/// A repository on a server for code reviews, as one token sees it: what GitHub, Gitea and GitLab
/// do in ways of their own, for a ReviewForge that goes the same way with each.
class CodeServer {
 public:
  CodeServer(Host& host, ForgeAccess access, RestServer server)
      : host_(host), access_(std::move(access)), rest_(host, std::move(server)) {}
  virtual ~CodeServer() = default;
  CodeServer(const CodeServer&) = delete;
  CodeServer& operator=(const CodeServer&) = delete;

  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] Rest& rest() { return rest_; }
  [[nodiscard]] const ForgeAccess& access() const { return access_; }
  [[nodiscard]] const std::string& name() const { return rest_.server().name; }
  [[nodiscard]] virtual const ServerWords& words() const = 0;
  /// The path of a call about the repository.
  [[nodiscard]] virtual std::string path(std::string_view rest) const = 0;

  /// Does something; what is not done is an error, by `refusal`.
  [[nodiscard]] Result<Json> act(const RestRequest& request, const Deadline& deadline);
  /// Of an answer that is the server's decision the exit code is `refused`.
  [[nodiscard]] Error refusal(const RestRequest& request, const RestAnswer& answer) const;
  /// Whether a status is a decision, and neither a fault nor a token that it does not know.
  [[nodiscard]] virtual bool decides(int status) const;

  /// Who the token is; empty where the server does not tell.
  [[nodiscard]] virtual Result<std::string> me(const Deadline& deadline);
  /// What else `doctor` has to say of a token that may do what it must, by what the server tells of
  /// the repository.
  virtual void examine(const TargetConfig& target, const Json& repository, Check& out) const {
    (void)target, (void)repository, (void)out;
  }
  /// The newest commit of a branch; empty where there is none.
  [[nodiscard]] Result<std::string> tip(const std::string& branch, const Deadline& deadline);
  /// One as it is now. Reason::not_there where there is none.
  [[nodiscard]] Result<ChangeRequest> change(const std::string& id, const Deadline& deadline);
  [[nodiscard]] virtual ChangeRequest read(const Json& change) const = 0;
  /// Those that are open, and may come from a branch or be for it.
  [[nodiscard]] virtual Result<std::vector<ChangeRequest>> using_branch(
      const std::string& branch, const Deadline& deadline) = 0;

  /// The open ones of targets in this repository, answers in the order asked, the oldest first.
  /// Either all of a target's, or an error.
  [[nodiscard]] virtual std::vector<Result<std::vector<Proposal>>> list(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) = 0;

  /// The open one of a branch that was pushed.
  [[nodiscard]] virtual Result<std::optional<ChangeRequest>> find(const TargetConfig& target,
                                                                  const PushedBranch& branch,
                                                                  const Deadline& deadline) = 0;
  /// The calls that open one, give it a description, close it.
  [[nodiscard]] virtual Result<RestRequest> opening(const TargetConfig& target,
                                                    const PushedBranch& branch,
                                                    const std::string& description,
                                                    const Deadline& deadline) = 0;
  [[nodiscard]] virtual RestRequest describing(const std::string& id,
                                               const std::string& description) const = 0;
  [[nodiscard]] virtual RestRequest closing(const std::string& id) const = 0;

  /// Says what a reviewer says, unless it stands there. `out` has who and the head.
  [[nodiscard]] virtual Result<> vote(const ReviewRequest& request, const ChangeRequest& change,
                                      ReviewAnswer& out, const Deadline& deadline) = 0;

  /// Why a reviewer's word on a change request would not count, whatever it is; empty where it
  /// does.
  [[nodiscard]] virtual Result<std::string> why_not_counted(const TargetConfig& target,
                                                            const ChangeRequest& change,
                                                            const std::string& who,
                                                            const Deadline& deadline) = 0;

  [[nodiscard]] virtual CommentCalls comments(const std::string& id) const = 0;
  /// The newest status of each name of a commit.
  [[nodiscard]] Result<std::map<std::string, Json>> newest_statuses(const std::string& commit,
                                                                    const Deadline& deadline);
  /// What CIs say of a commit.
  [[nodiscard]] virtual Result<std::vector<CommitStatus>> statuses(const std::string& commit,
                                                                   const Deadline& deadline) = 0;
  /// Whether a status was not set because it is that already.
  [[nodiscard]] virtual bool is_same_status(const RestAnswer& answer) const;
  /// The call that is worth another try where a status was not set; null for none. `ref`: where the
  /// server keeps the head.
  [[nodiscard]] virtual std::optional<RestRequest> status_again(const RestRequest& request,
                                                                const RestAnswer& answer,
                                                                const std::string& ref) const;

  /// The call by which the server merges one, pinned to the head that was tested.
  [[nodiscard]] virtual RestRequest merging(const std::string& id, const LandRequest& request,
                                            MergeMethod method) const = 0;
  /// Makes it, and again for a while where the server still finds out whether it can be merged:
  /// until something has moved, for what would be merged then was never tested.
  [[nodiscard]] Result<RestAnswer> merge(const MergeCall& call, const Deadline& deadline);
  /// Whether an answer can mean that it has not found out yet.
  [[nodiscard]] virtual bool may_be_checking(const RestAnswer& answer) const;
  [[nodiscard]] virtual Readiness readiness(const ChangeRequest& now) const;
  /// What its good answer has made of the change request.
  [[nodiscard]] virtual Result<ChangeRequest> merged_by(const RestAnswer& answer,
                                                        const std::string& id,
                                                        const Deadline& deadline) = 0;
  /// The commit of one that is merged, and its tree.
  [[nodiscard]] virtual Result<LandAnswer> read_merge(const ChangeRequest& change,
                                                      const Deadline& deadline) = 0;
  /// What an answer that merges nothing says.
  [[nodiscard]] virtual LandAnswer::State why_unmerged(const RestAnswer& answer) const = 0;
  /// And what the change request says after it.
  [[nodiscard]] virtual std::string more_of(const ChangeRequest& now) const;

  /// Sees that one whose commits are on the target is not open any more. False when it was not.
  [[nodiscard]] virtual Result<bool> settle(const TargetConfig& target, ChangeRequest& one,
                                            const Deadline& deadline);
  /// The paths of a branch, to read and to remove it.
  [[nodiscard]] virtual std::string branch_path(const std::string& branch) const = 0;
  [[nodiscard]] virtual std::string removal_path(const std::string& branch) const;
  /// Whether the token may do what landing needs, by what the server says of the repository.
  [[nodiscard]] virtual bool may_push(const Json& repository) const;

 protected:
  /// The newest commit of a branch, by what is at its path.
  [[nodiscard]] virtual std::string tip_of(const Json& branch) const;

 private:
  Host& host_;
  ForgeAccess access_;
  Rest rest_;
  std::optional<std::string> me_;
};

/// A kind of server: the table of its keys, which is the name of its forge, and how one is made.
struct ServerKind {
  std::string table;
  std::string (*api_of)(const ServedRepository&);
  Result<std::unique_ptr<CodeServer>> (*make)(Host&, const ForgeAccess&, const TargetConfig&);
};

/// Those of the targets, each made once.
class CodeServers {
 public:
  CodeServers(Host& host, const ServerKind& kind) : host_(host), kind_(kind) {}
  [[nodiscard]] Result<CodeServer*> of(const TargetConfig& target);

 private:
  Host& host_;
  const ServerKind& kind_;
  std::map<std::string, std::unique_ptr<CodeServer>> all_;
};

/// `https://git.example:8443`, where the API is below the host of a repository.
[[nodiscard]] std::string origin_of(const ServedRepository& repository);

}  // namespace cdctl::forges
