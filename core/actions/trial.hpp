#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/actions/outcome.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// What a cut set has to show before it is joined again.
struct TrialTerms {
  Millis length{};
  std::int64_t messages = 1;  ///< to be acknowledged
  bool early = false;         ///< passed as soon as they are
  std::string why = {};       ///< a person's reason to try it
};

/// How a trial stands.
struct TrialState {
  enum class End { running, passed, failed, gone };  ///< gone: someone else ended it
  End end = End::running;
  Settled seen;
  std::string why;             ///< of anything but running, in a few words
  Millis elapsed{}, length{};  ///< of one that runs
};

/// Judges a trial by what its connections did. Pure. A trial fails when it was not answered by
/// `until`, when more came back than a tenth of what was acknowledged, and at once when five or
/// more came back, a third of what was acknowledged.
[[nodiscard]] TrialState judge_trial(const Probation& probation, const Settled& seen, Time at);

/// Half-open: notes the trial, lets in what one unit of each process type needs, and starts those.
/// Exit code `refused` when the set is not cut or is forced open, `config` when it has no switch
/// that can let one in.
[[nodiscard]] Result<> begin_trial(app::Context& context, const SetName& set,
                                   const TrialTerms& terms, Outcome& outcome,
                                   const Deadline& deadline);

/// Looks once, and ends the trial when it is over: restores the set, or cuts it again.
[[nodiscard]] Result<TrialState> look_at_trial(app::Context& context, const SetName& set,
                                               Outcome& outcome, const Deadline& deadline);

/// Follows a trial to its end. Exit code `interrupted` when asked to stop: then the guardian cuts
/// the set again.
[[nodiscard]] Result<> follow_trial(app::Context& context, const SetName& set, Outcome& outcome,
                                    Millis timeout);

/// Cuts the set again if it is on trial now.
[[nodiscard]] Result<> abort_trial(app::Context& context, const SetName& set, Outcome& outcome,
                                   const Deadline& deadline);

/// Sets on trial whose time is over, of all services.
[[nodiscard]] Result<std::vector<SetName>> trials_due(app::Context& context, Time at,
                                                      const Deadline& deadline);

}  // namespace cdctl::actions
