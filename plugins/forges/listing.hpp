#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/forges/code_server.hpp"

namespace cdctl::forges {

/// One look at the open change requests of targets in a repository. Either all of a target's, or an
/// error. One of which it could not be read what was said bears a mark of that; where that is all
/// of them, it is an error.
class Listing {
 public:
  Listing(CodeServer& server, std::span<const TargetConfig* const> targets,
          const Deadline& deadline)
      : server_(server), targets_(targets), deadline_(deadline) {}
  virtual ~Listing() = default;

  [[nodiscard]] std::vector<Result<std::vector<Proposal>>> read();

 protected:
  /// Reads those of all targets, the oldest first, with what was said of them.
  [[nodiscard]] virtual Result<> open() = 0;
  /// Those of one, without what they come after. `base`: the newest commit of the target.
  [[nodiscard]] virtual Result<std::vector<Proposal>> of(const TargetConfig& target,
                                                         const std::string& base) = 0;

  [[nodiscard]] Rest& rest() const { return server_.rest(); }
  [[nodiscard]] std::span<const TargetConfig* const> targets() const { return targets_; }
  [[nodiscard]] const Deadline& deadline() const { return deadline_; }
  [[nodiscard]] bool is_wanted(std::string_view base) const;
  /// Whether the server tells number and head of one that is open. One without is left out, with a
  /// warning.
  [[nodiscard]] bool is_whole(const ChangeRequest& change);
  /// Exit code `unknown` where one was left out and no other is there: half of what a server has to
  /// say is no answer.
  [[nodiscard]] Result<> check_some(bool some) const;
  /// Marks a proposal: it is unknown what was said of it, and so no approval.
  static void mark_unread(Proposal& proposal, const Error& why);
  /// What all servers tell of a proposal.
  [[nodiscard]] Proposal begin(const ChangeRequest& change, const TargetConfig& target,
                               const std::string& base) const;

 private:
  [[nodiscard]] Result<std::vector<Proposal>> all_of(const TargetConfig& target);
  [[nodiscard]] Result<bool> has_landed(const ChangeRequest& change, const TargetConfig& target);
  [[nodiscard]] Result<Prerequisite::State> state_of(const std::string& id,
                                                     const TargetConfig& target,
                                                     const std::vector<Proposal>& proposals);
  void prerequisites(const TargetConfig& target, std::vector<Proposal>& proposals);

  CodeServer& server_;
  std::span<const TargetConfig* const> targets_;
  const Deadline& deadline_;
  std::string left_out_;  ///< what is not told of one that was
};

}  // namespace cdctl::forges
