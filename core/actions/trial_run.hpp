#pragma once

#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/actions/trial.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

/// Lets some units of each set in and follows it to the end of its trial, one after the other;
/// a guardian does so when this process is killed. Writes an outcome record for each.
[[nodiscard]] Result<> try_out(app::Context& context, const std::vector<SetName>& sets,
                               const TrialTerms& terms, bool dry_run, Millis timeout);

enum class TrialEnd { followed, aborted };

/// Follows the trials of these sets to their end, or aborts them. Writes an outcome record for
/// each.
void settle_trials(app::Context& context, const std::vector<SetName>& sets, TrialEnd end,
                   Millis timeout);

}  // namespace cdctl::actions
