#include "core/actions/trial_run.hpp"

#include <optional>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "core/actions/outcome.hpp"
#include "core/actions/trial_guardian.hpp"

namespace cdctl::actions {

namespace {

/// One trial from its begin to its end. True when its end is known.
bool try_out(app::Context& context, const SetName& set, const TrialTerms& terms, bool dry_run,
             Millis timeout) {
  Outcome outcome(context, "mend", set, dry_run);
  outcome.why(fmt::format("on trial for {}{}{}", to_duration(terms.length),
                          terms.why.empty() ? "" : ": ", terms.why));
  auto done = begin_trial(context, set, terms, outcome, Deadline(timeout));
  if (done && outcome.ok() && !outcome.dry_run() && outcome.has_changed())
    done = follow_trial(context, set, outcome, timeout);
  if (!done) outcome.fail_with(done.error());
  const bool settled =
      done ? outcome.ok()
           : done.error().exit != ExitCode::unknown && done.error().exit != ExitCode::timeout;
  outcome.write();
  context.out.flush();
  return settled;
}

}  // namespace

Result<> try_out(app::Context& context, const std::vector<SetName>& sets, const TrialTerms& terms,
                 bool dry_run, Millis timeout) {
  std::optional<TrialGuardian> guardian;
  if (!dry_run) {
    CDCTL_TRY_ASSIGN(auto made, TrialGuardian::make(context, sets));
    guardian.emplace(std::move(made));
  }
  bool settled = true;
  for (const auto& set : sets) {
    if (Stop::requested() || context.out.broken()) break;
    settled = try_out(context, set, terms, dry_run, timeout) && settled;
  }
  if (guardian && Stop::requested())
    guardian->cut_now();
  else if (guardian && settled)
    guardian->dismiss();
  return {};
}

void settle_trials(app::Context& context, const std::vector<SetName>& sets, TrialEnd end,
                   Millis timeout) {
  for (const auto& set : sets) {
    Outcome outcome(context, "mend", set, false);
    outcome.why("end of its trial");
    const auto done = end == TrialEnd::aborted
                          ? abort_trial(context, set, outcome, Deadline(timeout))
                          : follow_trial(context, set, outcome, timeout);
    if (!done) outcome.fail_with(done.error());
    outcome.write();
    context.out.flush();
  }
}

}  // namespace cdctl::actions
