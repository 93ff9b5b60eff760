#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/targets.hpp"
#include "core/actions/outcome.hpp"
#include "core/actions/trial.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::cli {

namespace {

/// A set on trial has a limit of one connection, which a switch takes for somebody's own: back to
/// the cut that mend undoes.
Result<> close_trial(Context& context, const ServiceConfig& service, const SetName& name,
                     const Deadline& deadline) {
  for (const auto& plugin : context.broker_switches(service)) {
    CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(plugin));
    CDCTL_TRY(broker->drain(name, deadline));
  }
  return {};
}

/// The reverse of a cut: memory, engine, then the broker's limit. Every step is repeated on a
/// second run, so that one that was killed in between is completed.
Result<> mend(Context& context, const SetName& name, bool thaw, actions::Outcome& outcome,
              const Deadline& deadline) {
  std::unique_ptr<ServiceLock>
      lock;  // held to the end: no breaker cuts between our look and our limit
  if (const auto* configured = context.config().service(name.service);
      configured && !outcome.dry_run()) {
    CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(*configured)));
    CDCTL_TRY_ASSIGN(lock, memory->lock(name.service, deadline));
  }
  fleet::Fleet fleet(context);
  fleet.load({name.service}, deadline);
  auto* view = fleet.service(name.service);
  const auto* set = view ? view->set(name) : nullptr;
  if (!set) {
    if (view && view->error) return std::unexpected(*view->error);
    outcome.set("absent", true);
    return {};
  }
  const auto& service = *view->config;
  const auto& memo = set->memory.cut_memo;
  if (const auto& force = set->memory.force; force && force->state == Force::State::open) {
    return fail(ExitCode::refused,
                fmt::format("it is forced open by {}: {}; cdctl force none {} lifts that",
                            force->by, printable(force->why, 120), name.str()));
  }
  const bool cut = set->cut.value_or(true) || (memo && memo->cut);
  if (outcome.dry_run()) {
    if (cut) outcome.changed();
    return {};
  }
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(service)));
  if (cut) {
    auto mended = memo.value_or(CutMemo{false, context.actor(), "", now(), {}, {}});
    mended.cut = false;
    mended.by = context.actor();
    mended.mended_at = now();
    if (mended.probation) CDCTL_TRY(close_trial(context, service, name, deadline));
    mended.probation.reset();
    CDCTL_TRY(memory->put_cut(name, mended, deadline));
    outcome.changed();
  }
  crash_point("mend.remembered");
  if (service.has_switch(service.engine)) {
    CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service.engine));
    if (!outcome.step(service.engine, engine->mend(name, thaw, deadline))) return {};
    crash_point("mend.world");
  }
  for (const auto& plugin : context.broker_switches(service)) {
    if (!set->cut.value_or(true)) break;  // the limit is the truth: nothing to restore
    CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(plugin));
    if (!outcome.step(plugin, broker->mend(name, memo ? memo->prev_limit : std::nullopt, deadline)))
      return {};
    crash_point("mend." + plugin);
  }
  return {};
}

Result<actions::TrialTerms> terms_of(const Arguments& args) {
  actions::TrialTerms terms;
  CDCTL_TRY_ASSIGN(terms.length, duration_option(args, "probation", Millis(0)));
  if (terms.length < std::chrono::seconds(5) || terms.length > std::chrono::hours(24))
    return fail(ExitCode::usage, "mend: --probation lasts from 5s to 24h");
  CDCTL_TRY_ASSIGN(terms.messages, number_option(args, "messages", 1));
  if (terms.messages < 1) return fail(ExitCode::usage, "mend: --messages is at least 1");
  terms.early = args.has("messages");
  return terms;
}

/// `mend --probation`: each set is let in on one connection, and then all are followed to the end
/// of their trials.
Result<> try_out(Context& context, const Arguments& args, const std::vector<SetName>& targets,
                 Millis timeout) {
  CDCTL_TRY_ASSIGN(const auto terms, terms_of(args));
  std::optional<actions::TrialGuardian> guardian;
  if (!args.has("dry-run")) {
    CDCTL_TRY_ASSIGN(auto made, actions::TrialGuardian::make(context, targets));
    guardian.emplace(std::move(made));
  }
  bool unsettled = false;
  for (const auto& set : targets) {
    if (Stop::requested() || context.out.broken()) break;
    actions::Outcome outcome(context, "mend", set, args.has("dry-run"));
    outcome.why(fmt::format("on trial for {}", to_duration(terms.length)));
    auto done = actions::begin_trial(context, set, terms, outcome, Deadline(timeout));
    if (done && outcome.ok() && !outcome.dry_run() && outcome.has_changed())
      done = actions::follow_trial(context, set, outcome, timeout);
    if (!done) outcome.fail_with(done.error());
    unsettled = unsettled || (done ? !outcome.ok()
                                   : done.error().exit == ExitCode::unknown ||
                                         done.error().exit == ExitCode::timeout);
    outcome.write();
    context.out.flush();
  }
  if (guardian && Stop::requested())
    guardian->cut_now();
  else if (guardian && !unsettled)
    guardian->dismiss();
  return {};
}

/// `mend --settle` and `mend --abort`: named sets are followed to the end of their trials; without
/// names those whose time is over are ended.
Result<> settle(Context& context, const Arguments& args, Millis timeout) {
  std::vector<SetName> targets;
  if (args.words.empty()) {
    CDCTL_TRY_ASSIGN(targets, actions::trials_due(context, now(), Deadline(timeout)));
  } else {
    CDCTL_TRY_ASSIGN(targets, targets_of(context, args, Deadline(timeout)));
  }
  for (const auto& set : targets) {
    actions::Outcome outcome(context, "mend", set, false);
    outcome.why("end of its trial");
    const auto done = args.has("abort")
                          ? actions::abort_trial(context, set, outcome, Deadline(timeout))
                          : actions::follow_trial(context, set, outcome, timeout);
    if (!done) outcome.fail_with(done.error());
    outcome.write();
    context.out.flush();
  }
  return {};
}

}  // namespace

int run_mend(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.has("abort") && args.words.empty())
      return fail(ExitCode::usage, "mend: --abort needs the SET that is on trial");
    if (args.has("settle") || args.has("abort")) return settle(context, args, timeout);
    if (args.has("messages") && !args.has("probation"))
      return fail(ExitCode::usage, "mend: --messages goes with --probation");
    if (args.words.empty())
      return fail(ExitCode::usage, "mend: name a SET, or - to read whole set names from stdin");
    CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
    if (args.has("probation")) return try_out(context, args, targets, timeout);
    for (const auto& set : targets) {
      if (Stop::requested() || context.out.broken()) break;
      actions::Outcome outcome(context, "mend", set, args.has("dry-run"));
      if (auto done = mend(context, set, args.has("thaw"), outcome, Deadline(timeout)); !done)
        outcome.fail_with(done.error());
      outcome.write();
    }
    return {};
  });
}

}  // namespace cdctl::cli
