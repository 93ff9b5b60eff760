#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/roles/repository.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// A branch that somebody offers.
struct ProposeRequest {
  std::filesystem::path folder;    ///< the work tree it is in
  std::string revision;            ///< in that; empty = what is checked out
  std::string id;                  ///< empty = the forge makes one of the branch's name
  std::vector<std::string> after;  ///< ids of proposals that have to land first
  bool dry_run = false;
};
struct ProposeAnswer {
  std::string id, ref, head;
  bool changed = false;
};

/// A reviewer's word on a proposal.
struct ReviewRequest {
  std::filesystem::path folder;  ///< whose settings say who reviews
  std::string id;
  std::string head;   ///< the commit that was reviewed: refused when it is not the newest any more
  std::string value;  ///< Approve, Needs Fixing, …
  std::string comment;
  bool dry_run = false;
};
struct ReviewAnswer {
  std::string who, head;
  bool changed = false;
};

/// How far a proposal has come, for those who look at it.
struct ProposalReport {
  enum class State { pending, landed, rejected };
  State state = State::pending;
  std::string head, commit;  ///< what was proposed; what was made of it, where something was
  std::string summary;       ///< one line
  std::string text;          ///< more lines, bounded
};

/// Where the proposals of a target and the votes on them are: a server for code reviews, or plain
/// refs of a repository. What is merged and pushed is the business of a Repository.
///
/// "Could not ask" is exit code `unknown`, never a proposal less: whoever decides on half a list
/// lets the wrong ones through.
class Forge {
 public:
  virtual ~Forge() = default;
  /// The open proposals of each target, many targets at once, answers in the order asked. One that
  /// cannot be read has its own error and does not hurt the others. The oldest proposal first.
  [[nodiscard]] std::vector<Result<std::vector<Proposal>>> proposals(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) {
    return guarded_each(targets.size(), [&] { return do_proposals(targets, deadline); });
  }
  /// Offers a branch. Repeated with a newer revision, the proposal is of that one.
  [[nodiscard]] Result<ProposeAnswer> propose(const TargetConfig& target,
                                              const ProposeRequest& request,
                                              const Deadline& deadline) {
    return guarded([&] { return do_propose(target, request, deadline); });
  }
  /// Votes, in place of what the same reviewer has said before.
  [[nodiscard]] Result<ReviewAnswer> review(const TargetConfig& target,
                                            const ReviewRequest& request,
                                            const Deadline& deadline) {
    return guarded([&] { return do_review(target, request, deadline); });
  }
  /// Says on the proposal how far it has come: a status of its head, and the one comment of ours,
  /// made or changed. False when it says so already, or the forge shows no such thing.
  [[nodiscard]] Result<bool> report(const TargetConfig& target, const std::string& id,
                                    const ProposalReport& report, const Deadline& deadline) {
    return guarded([&] { return do_report(target, id, report, deadline); });
  }
  /// What CIs say of a commit. A name that nobody has set is not in the answer; it is never a pass.
  [[nodiscard]] Result<std::vector<CommitStatus>> statuses(const TargetConfig& target,
                                                           const std::string& commit,
                                                           const Deadline& deadline) {
    return guarded([&] { return do_statuses(target, commit, deadline); });
  }
  /// Lands a candidate by a call of the forge's own, where a target takes nothing else; empty where
  /// it is pushed. What lands then may be a commit that nobody tested: its tree is read back.
  [[nodiscard]] Result<std::optional<LandAnswer>> land(const TargetConfig& target,
                                                       const std::string& id,
                                                       const LandRequest& request,
                                                       const Deadline& deadline) {
    return guarded([&] { return do_land(target, id, request, deadline); });
  }
  /// Removes what is left of a proposal whose commits are on the target: its branch, where that is
  /// still at `head`, and what belongs to it. False when nothing was.
  [[nodiscard]] Result<bool> clear(const TargetConfig& target, const std::string& id,
                                   const std::string& head, const Deadline& deadline) {
    return guarded([&] { return do_clear(target, id, head, deadline); });
  }

 protected:
  [[nodiscard]] virtual std::vector<Result<std::vector<Proposal>>> do_proposals(
      std::span<const TargetConfig* const> targets, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<ProposeAnswer> do_propose(const TargetConfig& target,
                                                         const ProposeRequest& request,
                                                         const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<ReviewAnswer> do_review(const TargetConfig& target,
                                                       const ReviewRequest& request,
                                                       const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<bool> do_report(const TargetConfig& target, const std::string& id,
                                               const ProposalReport& report,
                                               const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::vector<CommitStatus>> do_statuses(const TargetConfig& target,
                                                                      const std::string& commit,
                                                                      const Deadline& deadline) {
    (void)commit, (void)deadline;
    return fail(ExitCode::usage,
                "no statuses on a forge of kind '" + target.forge + "': test by verify.command");
  }
  [[nodiscard]] virtual Result<std::optional<LandAnswer>> do_land(const TargetConfig& target,
                                                                  const std::string& id,
                                                                  const LandRequest& request,
                                                                  const Deadline& deadline) {
    (void)target, (void)id, (void)request, (void)deadline;
    return std::nullopt;
  }
  [[nodiscard]] virtual Result<bool> do_clear(const TargetConfig& target, const std::string& id,
                                              const std::string& head,
                                              const Deadline& deadline) = 0;
};

}  // namespace cdctl
