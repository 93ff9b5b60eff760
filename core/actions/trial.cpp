#include "core/actions/trial.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/returns.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/actions/set_transaction.hpp"
#include "core/app/share.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/forces.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::actions {

namespace {

using End = TrialState::End;

constexpr Millis k_look{1000};
constexpr std::int64_t k_certainly_bad = 5;
constexpr int k_most_troubles = 120;  // looks in a row that told nothing

/// The trial that the set is on, if any.
const std::optional<Probation>& probation_of(const SetTransaction& transaction) {
  static const std::optional<Probation> none;
  const auto& entry = transaction.entry();
  return entry && entry->cut_memo && entry->cut_memo->cut ? entry->cut_memo->probation : none;
}

/// Opens all that acting on one set's trial needs, and reads what the memory knows of the set,
/// under the lock where one is wanted.
Result<> open(SetTransaction& transaction, app::Context& context, const SetName& set, bool locked) {
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, set.service));
  if (context.broker_switches(*service).empty())
    return fail(
        ExitCode::config,
        fmt::format(
            "{}: a trial needs a broker that lets a few connections in; {} has no [{}] table",
            set.str(), service->name, joined(context.plugin_host().kinds("switch"), "] or [")));
  CDCTL_TRY(transaction.open(service));
  transaction.only_first_switch();
  CDCTL_TRY(transaction.open_roles());
  if (locked) CDCTL_TRY(transaction.lock());
  return transaction.read();
}

/// A trial needs units that run, and only their home can start them.
Result<> refuse_elsewhere(app::Context& context, const SetName& set, const MemoryEntry& entry) {
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, set.service));
  if (!service->has_switch(service->engine) || !entry.set) return {};
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service->engine));
  if (entry.set->home == engine->home()) return {};
  return fail(ExitCode::refused,
              fmt::format("its units are stopped in home {}, this one is {}; try it there",
                          entry.set->home, engine->home()));
}

/// One of each process type: of those that the set has, where its engine tells them, since it may
/// have been scaled; or by the service's file, which may name none.
std::int64_t tried_units(app::Context& context, const SetName& set, SetTransaction& transaction) {
  const auto* service = context.config().service(set.service);
  if (!service) return 1;
  const auto singletons = service->singletons();
  // One of which the service has a single one is left where it is.
  const auto types = [&](const UnitCounts& units) {
    return std::ranges::count_if(units, [&](const auto& process) {
      return process.second > 0 && !singletons.contains(process.first);
    });
  };
  const auto status = transaction.status();
  const bool told = status && !status->processes.empty();
  return std::max<std::int64_t>(types(told ? status->processes : service->units), 1);
}

/// Starts the units that the trial has left out. What is not here is noted, so that its home does.
Result<> start_the_others(app::Context& context, SetTransaction& transaction, CutMemo& memo) {
  const auto& entry = transaction.entry();
  const auto* service = entry->set ? context.config().service(entry->set->name.service) : nullptr;
  if (!service || !service->has_switch(service->engine)) return {};
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service->engine));
  if (entry->set->home == engine->home()) return transaction.mend_world(false);
  memo.stopped_in = entry->set->home;
  return {};
}

// The memory speaks of a trial until the broker is as it shall be: whoever is killed in between
// leaves a trial whose time is over, and the next one ends it. A step that failed is not told: the
// next look tries it again.

/// Whether the limit is what it was before the cut: a join was killed after that, and who drained
/// again would keep out a set that has passed.
bool let_in(const MemoryEntry& entry, const CutMemo& memo) {
  return entry.cut == false && entry.limit == memo.prev_limit;
}

/// It has shown what was asked. From what it was let in by to what was allowed before: through
/// none, since a switch mends only what is cut.
Result<> join(app::Context& context, SetTransaction& transaction, Outcome& outcome) {
  auto memo = *transaction.entry()->cut_memo;
  if (!let_in(*transaction.entry(), memo)) {
    CDCTL_TRY(transaction.drain());
    CDCTL_TRY(transaction.mend(memo.prev_limit));
  }
  CDCTL_TRY(start_the_others(context, transaction, memo));
  memo.cut = false;
  memo.by = context.actor();
  memo.mended_at = now();
  memo.probation.reset();
  outcome.changed();
  return transaction.close(memo);
}

Result<> cut_again(SetTransaction& transaction, const std::string& why, Outcome& outcome) {
  auto memo = *transaction.entry()->cut_memo;
  k_trial_failed.begun.pass();
  CDCTL_TRY(transaction.cut(why));
  CDCTL_TRY(transaction.cut_world());
  memo.at = now();
  memo.why = why;
  note_cut(memo, memo.at);
  memo.probation.reset();
  outcome.changed();
  return transaction.close(memo);
}

/// `begun`: when it began, where that is known.
Json trial_json(const TrialState& state, std::optional<Time> begun) {
  static constexpr std::array<std::string_view, 4> k_ends{"running", "passed", "failed",
                                                          "ended elsewhere"};
  return Json::object({{"end", k_ends[static_cast<std::size_t>(state.end)]},
                       {"since", begun ? Json(to_rfc3339(*begun)) : Json()},
                       {"acknowledged", state.seen.acknowledged},
                       {"returned", state.seen.returned},
                       {"connections", state.seen.connections},
                       {"why", state.why}});
}

}  // namespace

TrialState judge_trial(const Probation& probation, const Settled& seen, Time at) {
  const bool over = at >= probation.until;
  const bool bad = seen.returned * 10 > seen.acknowledged;
  const bool enough = seen.acknowledged >= probation.messages;
  if (seen.returned >= k_certainly_bad && seen.returned * 3 > seen.acknowledged)
    return {End::failed, seen,
            fmt::format("{} messages came back, {} were acknowledged", seen.returned,
                        seen.acknowledged)};
  if (enough && !bad && (over || probation.early))
    return {End::passed, seen, fmt::format("{} messages acknowledged", seen.acknowledged)};
  if (!over) return {End::running, seen, ""};
  if (bad)
    return {End::failed, seen,
            fmt::format("{} messages came back, {} were acknowledged", seen.returned,
                        seen.acknowledged)};
  return {End::failed, seen,
          seen.acknowledged == 0 ? "unanswered: no message was acknowledged"
                                 : fmt::format("{} of {} messages acknowledged in time",
                                               seen.acknowledged, probation.messages)};
}

Result<> begin_trial(app::Context& context, const SetName& set, const TrialTerms& terms,
                     Outcome& outcome, const Deadline& deadline) {
  SetTransaction transaction(context, set, outcome, k_trial, deadline);
  CDCTL_TRY(open(transaction, context, set, !outcome.dry_run()));
  const auto& entry = transaction.entry();
  const bool owned = entry && entry->set && !entry->set->reaped_at;
  if (owned && !entry->provisioned)
    return fail(
        fmt::format("its user on the broker is gone, so that nobody can be let in; cdctl "
                    "deploy {}@{} makes it again",
                    set.service, set.revision));
  if (!entry || !entry->provisioned) {
    outcome.set("absent", true);
    return {};
  }
  if (!entry->cut.value_or(false))
    return fail(ExitCode::refused, "it is not cut, so there is nothing to try");
  if (entry->force && entry->force->state == Force::State::open)
    return fail(ExitCode::refused, "it is forced open " + fleet::forced_text(*entry->force, set));
  CDCTL_TRY(refuse_elsewhere(context, set, *entry));
  outcome.changed();
  if (outcome.dry_run()) return {};
  auto memo = entry->cut_memo.value_or(CutMemo{true, context.actor(), "", now(), {}, {}, {}});
  const bool running = memo.cut && memo.probation && memo.probation->until > now();
  if (running)
    return fail(ExitCode::refused,
                fmt::format("it is on trial already, until {}; cdctl mend --settle {} follows it",
                            to_rfc3339(memo.probation->until), set.str()));
  memo.cut = true;
  memo.probation =
      Probation{now(), now() + terms.length, terms.messages, terms.early, context.actor()};
  CDCTL_TRY(transaction.note(memo));
  // Left over from a trial that nobody ended: its limit is not 0.
  CDCTL_TRY(transaction.drain());
  // The door first, as in a mend. What fails of both is told in its step.
  if (transaction.admit(tried_units(context, set, transaction))) (void)transaction.mend_some();
  return {};
}

Result<TrialState> look_at_trial(app::Context& context, const SetName& set, Outcome& outcome,
                                 const Deadline& deadline) {
  SetTransaction look(context, set, outcome, k_no_boundaries, deadline, Report::nothing);
  CDCTL_TRY(open(look, context, set, false));
  const auto& probation = probation_of(look);
  if (!probation) return TrialState{End::gone, {}, "someone else ended it"};
  CDCTL_TRY_ASSIGN(const auto seen, look.first_switch().settled(set, deadline));
  auto state = judge_trial(*probation, seen, now());
  if (const auto& force = look.entry()->force; force && force->state == Force::State::open)
    state = {End::failed, seen, "it is forced open by " + force->by};
  if (state.end == End::running) {
    state.elapsed = now() - probation->since;
    state.length = probation->until - probation->since;
    return state;
  }
  SetTransaction end(context, set, outcome,
                     state.end == End::passed ? k_trial_passed : k_trial_failed, deadline,
                     Report::successes);
  CDCTL_TRY(open(end, context, set, true));
  if (!probation_of(end) || probation_of(end)->since != probation->since)
    return TrialState{End::gone, seen, "someone else ended it"};
  if (state.end == End::passed)
    CDCTL_TRY(join(context, end, outcome));
  else
    CDCTL_TRY(cut_again(end, "its trial failed: " + state.why, outcome));
  outcome.set("trial", trial_json(state, probation->since));
  return state;
}

Result<> abort_trial(app::Context& context, const SetName& set, Outcome& outcome,
                     const Deadline& deadline) {
  SetTransaction transaction(context, set, outcome, k_trial_failed, deadline, Report::successes);
  CDCTL_TRY(open(transaction, context, set, true));
  if (!probation_of(transaction)) return {};
  const auto begun = probation_of(transaction)->since;
  CDCTL_TRY(cut_again(transaction, "its trial was interrupted", outcome));
  outcome.set("trial", trial_json({End::failed, {}, "it was interrupted"}, begun));
  return {};
}

Result<> follow_trial(app::Context& context, const SetName& set, Outcome& outcome, Millis timeout) {
  std::string trouble;
  for (int troubles = 0;;) {
    if (Stop::requested())
      return fail(Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
                  "the trial was interrupted");
    const auto state = look_at_trial(context, set, outcome, Deadline(timeout));
    // A broker that cannot be asked for a moment ends no trial; the next look tells.
    if (!state && state.error().what != trouble)
      context.log(Level::warning, trouble = state.error().what);
    if (!state && ++troubles >= k_most_troubles)
      return fail(state.error().in("its trial goes on, and nobody ends it; cdctl mend --settle " +
                                   set.str()));
    if (state) trouble.clear(), troubles = 0;
    if (state && state->end == End::gone) outcome.set("trial", trial_json(*state, {}));
    if (state && state->end == End::failed)
      return fail(ExitCode::failed,
                  fmt::format("its trial failed: {}; it is cut again", state->why));
    if (state && state->end != End::running) return {};
    if (state)
      context.progress(fmt::format("{}{}: on trial, {} acknowledged, {} came back",
                                   app::share_of(state->elapsed, state->length), set.str(),
                                   state->seen.acknowledged, state->seen.returned));
    pollfd stop{Stop::fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(k_look.count()));
  }
}

Result<std::vector<SetName>> trials_due(app::Context& context, Time at, const Deadline& deadline) {
  std::vector<SetName> out;
  fleet::Fleet fleet(context);
  std::vector<std::string> services;
  for (const auto& service : context.config().services)
    if (!context.broker_switches(service).empty()) services.push_back(service.name);
  if (services.empty()) return out;
  fleet.load_memories(services, deadline);
  for (const auto& view : fleet.services()) {
    if (view.error) context.report_record(view.config->name, "looking for trials", *view.error);
    for (const auto& set : view.sets) {
      const auto& memo = set.memory.cut_memo;
      if (memo && memo->cut && memo->probation && memo->probation->until <= at)
        out.push_back(set.name);
    }
  }
  return out;
}

}  // namespace cdctl::actions
