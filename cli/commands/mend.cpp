#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/targets.hpp"
#include "cli/output/context.hpp"
#include "core/actions/mend.hpp"
#include "core/actions/trial_run.hpp"

namespace cdctl::cli {

namespace {

Result<actions::TrialTerms> terms_of(const Arguments& args) {
  actions::TrialTerms terms;
  CDCTL_TRY_ASSIGN(terms.length, duration_option(args, "probation", Millis(0)));
  if (terms.length < std::chrono::seconds(5) || terms.length > std::chrono::hours(24))
    return fail(ExitCode::usage, "mend: --probation lasts from 5s to 24h");
  CDCTL_TRY_ASSIGN(terms.messages, number_option(args, "messages", 1));
  if (terms.messages < 1) return fail(ExitCode::usage, "mend: --messages is at least 1");
  terms.early = args.has("messages");
  terms.why = args.value("why");
  return terms;
}

/// `mend --settle` and `mend --abort`: named sets are followed to the end of their trials; without
/// names those whose time is over are ended.
Result<> settle(Context& context, const Arguments& args, Millis timeout) {
  const bool named = !args.words.empty();
  CDCTL_TRY_ASSIGN(const auto targets,
                   named ? targets_of(context, args, Deadline(timeout))
                         : actions::trials_due(context, now(), Deadline(timeout)));
  actions::settle_trials(
      context, targets,
      args.has("abort") ? actions::TrialEnd::aborted : actions::TrialEnd::followed, timeout);
  return {};
}

}  // namespace

int run_mend(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.has("abort") && args.words.empty())
      return fail(ExitCode::usage, "mend: --abort needs the SET that is on trial");
    if (args.has("settle") || args.has("abort")) {
      if (args.has("why"))
        return fail(ExitCode::usage,
                    "mend: --why is the reason to mend; a trial that ends has its own");
      return settle(context, args, timeout);
    }
    if (args.has("messages") && !args.has("probation"))
      return fail(ExitCode::usage, "mend: --messages goes with --probation");
    if (args.words.empty())
      return fail(ExitCode::usage, "mend: name a SET, or - to read whole set names from stdin");
    CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
    if (args.has("probation")) {
      CDCTL_TRY_ASSIGN(const auto terms, terms_of(args));
      return actions::try_out(context, targets, terms, args.has("dry-run"), timeout);
    }
    for (const auto& set : targets) {
      if (Stop::requested() || context.out.broken()) break;
      actions::mend_set(context, set, {args.has("dry-run"), args.has("thaw"), args.value("why")},
                        Deadline(timeout));
    }
    return {};
  });
}

}  // namespace cdctl::cli
