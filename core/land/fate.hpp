#pragma once

#include <string>
#include <string_view>

#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/land/land.hpp"
#include "core/land/last_look.hpp"
#include "core/land/target_outcome.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

/// What becomes of one candidate: its outcome, and what its proposal is told.
class Fate {
 public:
  Fate(app::Context& context, LastLook& look, const LandOptions& options,
       const TargetConfig& target, const records::Candidate& candidate, const Deadline& deadline);

  [[nodiscard]] const records::Candidate& candidate() const { return candidate_; }
  void write() { outcome_.write(); }
  void verdict(std::string_view word, std::string_view why) {
    outcome_.set("verdict", word);
    outcome_.why(why);
  }
  void end_with(std::string_view word, const Error& error) {
    verdict(word, error.what);
    outcome_.fail_with(error);
  }

  /// Says on the proposal why it does not land; that is all that becomes of it.
  void reject();
  /// `verify` has said so, in the same pipe.
  void said_upstream() { outcome_.said_upstream(); }

  /// Nobody has voted on this, or tested it: what is removed is only what is certain to be kept by
  /// the target. That its changes are there, too, or a commit says so, is not enough.
  void had_landed(std::string_view why);

  /// What has nothing to land is no candidate: its author removes it, or commits something.
  void leave(std::string_view why, bool again);

  void would_land();

  /// What the repository said; `again`: a run that was killed may have done it.
  Result<> landed(const LandAnswer& answer, bool again);

  /// Says on the proposal that it has landed, and as what.
  void tell_landed();

  /// Removes what is left of the proposal. It has landed: what goes wrong here is a warning.
  void clear();

 private:
  /// Whether the proposal says something else now. Who cannot be told hears of it by the target.
  Result<bool> try_to_tell(const ProposalReport& report);
  void warn_untold(const Error& error) { warn("its author was not told", error); }

  /// Whether a run of this home has said the same before (a forge may show nothing); now one has.
  bool said_before(const std::string& kind, std::string_view words) const;

  void warn(std::string_view what, const Error& error);

  app::Context& context_;
  LastLook& look_;
  const LandOptions& options_;
  const TargetConfig& target_;
  const records::Candidate& candidate_;
  const Deadline& deadline_;
  TargetOutcome outcome_;
  std::string commit_;  ///< by which it has landed
};

}  // namespace cdctl::land
