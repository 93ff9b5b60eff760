#pragma once

#include <string>
#include <string_view>

#include "core/app/context.hpp"
#include "core/app/outcome_draft.hpp"

namespace cdctl::land {

/// What was done with one proposal of a target: becomes one `cdctl.outcome/1` record.
class TargetOutcome : public app::OutcomeDraft {
 public:
  TargetOutcome(app::Context& context, std::string_view action, const std::string& target,
                const std::string& proposal, bool dry_run)
      : OutcomeDraft(context, action, dry_run), target_(target) {
    set("target", target);
    name(proposal);
  }

  /// A proposal that got its name on the way.
  void name(const std::string& proposal) {
    proposal_ = proposal;
    set("proposal", proposal);
  }
  /// Its error was told by the command before in the pipe: it counts, and has no second line.
  void said_upstream() { quiet_ = true; }
  /// Nothing is new since a run before: the same, and the log of the home has it already, too.
  void no_news() { quiet_ = no_news_ = true; }
  /// Writes the record, appends it to the log of the home, reports the error.
  void write() {
    OutcomeDraft::write(quiet_ ? std::string() : target_ + ": " + proposal_, !no_news_);
  }

 private:
  std::string target_, proposal_;
  bool quiet_ = false, no_news_ = false;
};

}  // namespace cdctl::land
