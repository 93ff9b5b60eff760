#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

struct MergeRequest {
  std::string url, ref, head;  ///< of the proposal; an empty address is the target's repository
  std::string onto;            ///< an earlier candidate's commit; empty = the newest of the target
  std::string message;
  MergeMethod method = MergeMethod::merge;
  Person author, committer;
  Time at;  ///< of both: the same request gives the same commit anywhere
};
struct MergeAnswer {
  std::string base;                    ///< what it was merged on
  bool merged = false;                 ///< the base has it already: there is no commit of it
  std::vector<std::string> conflicts;  ///< files; where there are any, there is no commit either
  std::string commit, tree;
};

struct LandRequest {
  std::string commit, tree, base;  ///< of the candidate, and what it was made on
  std::string ref, head;           ///< of the proposal, in the target's repository
  bool remove_branch = false;      ///< of the proposal, in the same step
};
struct LandAnswer {
  /// landed: by this call; there: the target has it already, the candidate or, with an empty
  /// `tree`, another merge of the proposal; target_moved, proposal_moved: somebody
  /// else was faster, and nothing was changed; refused: the server does not take it.
  enum class State { landed, there, target_moved, proposal_moved, refused };
  State state = State::landed;
  std::string tip, tree;  ///< of the target, read back afterwards
  bool branch_removed = false;
  std::string why;
};

/// Where candidates are merged and pushed: a kind of repository, `git`. Its work is done in a copy
/// of our own; no line of a proposal runs in any of these.
class Repository {
 public:
  virtual ~Repository() = default;
  /// Merges a proposal, without a work tree. Exit code `unknown` when it could not be fetched,
  /// `failed` when its head is not there any more.
  [[nodiscard]] Result<MergeAnswer> merge(const TargetConfig& target, const MergeRequest& request,
                                          const Deadline& deadline) {
    return guarded([&] { return do_merge(target, request, deadline); });
  }
  /// A checkout of a candidate's commit in `into` (absent or empty; its parent exists): its files
  /// as they were committed, and nothing by which the target could be reached.
  [[nodiscard]] Result<> checkout(const TargetConfig& target, const std::string& commit,
                                  const std::filesystem::path& into, const Deadline& deadline) {
    return guarded([&] { return do_checkout(target, commit, into, deadline); });
  }
  /// Shows a candidate's commit to a CI: pushes it to `ref` of the target's repository, which is of
  /// this candidate alone. An empty commit removes the ref again. May be repeated.
  [[nodiscard]] Result<> stage(const TargetConfig& target, const std::string& ref,
                               const std::string& commit, const Deadline& deadline) {
    return guarded([&] { return do_stage(target, ref, commit, deadline); });
  }
  /// Moves the target from the candidate's base to the candidate, if it is still there and the
  /// proposal still has its head, and reads it back. May be repeated, also after a crash.
  [[nodiscard]] Result<LandAnswer> land(const TargetConfig& target, const LandRequest& request,
                                        const Deadline& deadline) {
    return guarded([&] { return do_land(target, request, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<MergeAnswer> do_merge(const TargetConfig& target,
                                                     const MergeRequest& request,
                                                     const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_checkout(const TargetConfig& target, const std::string& commit,
                                             const std::filesystem::path& into,
                                             const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_stage(const TargetConfig& target, const std::string& ref,
                                          const std::string& commit, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<LandAnswer> do_land(const TargetConfig& target,
                                                   const LandRequest& request,
                                                   const Deadline& deadline) = 0;
};

}  // namespace cdctl
