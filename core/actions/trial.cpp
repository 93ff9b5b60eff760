#include "core/actions/trial.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

namespace {

using End = TrialState::End;

constexpr Millis k_look{1000};
constexpr std::int64_t k_certainly_bad = 5;
constexpr int k_most_troubles = 120;  // looks in a row that told nothing

/// What acting on one set's trial needs.
struct Bench {
  const ServiceConfig* service = nullptr;
  Memory* memory = nullptr;
  Switch* broker = nullptr;
  std::string broker_name;
  Engine* engine = nullptr;  ///< only where it is a switch of the service
  std::unique_ptr<ServiceLock> lock;
  std::optional<MemoryEntry> entry;  ///< what the memory knows of the set, read under the lock

  [[nodiscard]] const std::optional<Probation>& probation() const {
    static const std::optional<Probation> none;
    return entry && entry->cut_memo && entry->cut_memo->cut ? entry->cut_memo->probation : none;
  }
};

Result<Bench> open_bench(app::Context& context, const SetName& set, bool locked,
                         const Deadline& deadline) {
  Bench out;
  CDCTL_TRY_ASSIGN(out.service, fleet::find_service(context, set.service));
  const auto brokers = context.broker_switches(*out.service);
  if (brokers.empty())
    return fail(
        ExitCode::config,
        fmt::format(
            "{}: a trial needs a broker that lets one connection in; {} has no [rabbit] table",
            set.str(), out.service->name));
  out.broker_name = brokers.front();
  CDCTL_TRY_ASSIGN(out.memory, context.memory(context.memory_name(*out.service)));
  CDCTL_TRY_ASSIGN(out.broker, context.switch_(out.broker_name));
  if (out.service->has_switch(out.service->engine)) {
    CDCTL_TRY_ASSIGN(out.engine, context.engine(out.service->engine));
  }
  if (locked) {
    CDCTL_TRY_ASSIGN(out.lock, out.memory->lock(set.service, deadline));
  }
  CDCTL_TRY_ASSIGN(auto known, out.memory->read(set.service, deadline));
  if (const auto at = known.find(set.str()); at != known.end()) out.entry = std::move(at->second);
  return out;
}

// The memory speaks of a trial until the broker is as it shall be: whoever is killed in between
// leaves a trial whose time is over, and the next one ends it.

/// It has shown what was asked. From one connection to what was allowed before: through none, since
/// a switch mends only what is cut.
Result<> join(app::Context& context, const SetName& set, Bench& bench, Outcome& outcome,
              const Deadline& deadline) {
  auto memo = *bench.entry->cut_memo;
  CDCTL_TRY(bench.broker->drain(set, deadline));
  crash_point("probation.passed");
  CDCTL_TRY_ASSIGN(auto mended, bench.broker->mend(set, memo.prev_limit, deadline));
  (void)outcome.step(bench.broker_name, std::move(mended));
  crash_point("probation.joined");
  memo.cut = false;
  memo.by = context.actor();
  memo.mended_at = now();
  memo.probation.reset();
  outcome.changed();
  return bench.memory->put_cut(set, memo, deadline);
}

Result<> cut_again(const SetName& set, Bench& bench, const std::string& why, Outcome& outcome,
                   const Deadline& deadline) {
  crash_point("probation.failed");
  CDCTL_TRY_ASSIGN(auto cut, bench.broker->cut(set, why, deadline));
  (void)outcome.step(bench.broker_name, std::move(cut));
  crash_point("probation.cut");
  if (bench.engine) {
    CDCTL_TRY_ASSIGN(auto world, bench.engine->cut(set, deadline));
    (void)outcome.step(bench.service->engine, std::move(world));
  }
  auto memo = *bench.entry->cut_memo;
  memo.at = now();
  memo.why = why;
  memo.probation.reset();
  outcome.changed();
  return bench.memory->put_cut(set, memo, deadline);
}

Json trial_json(const TrialState& state) {
  static constexpr std::array<std::string_view, 4> k_ends{"running", "passed", "failed",
                                                          "ended elsewhere"};
  return Json::object({{"end", k_ends[static_cast<std::size_t>(state.end)]},
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
  CDCTL_TRY_ASSIGN(auto bench, open_bench(context, set, !outcome.dry_run(), deadline));
  if (!bench.entry || !bench.entry->provisioned) {
    outcome.set("absent", true);
    return {};
  }
  if (!bench.entry->cut.value_or(false))
    return fail(ExitCode::refused, "it is not cut, so there is nothing to try");
  if (bench.entry->force && bench.entry->force->state == Force::State::open)
    return fail(ExitCode::refused,
                fmt::format("it is forced open by {}; cdctl force none {} lifts that",
                            bench.entry->force->by, set.str()));
  outcome.changed();
  if (outcome.dry_run()) return {};
  auto memo = bench.entry->cut_memo.value_or(CutMemo{true, context.actor(), "", now(), {}, {}, {}});
  const bool running = memo.cut && memo.probation && memo.probation->until > now();
  if (running)
    return fail(ExitCode::refused,
                fmt::format("it is on trial already, until {}; cdctl mend --settle {} follows it",
                            to_rfc3339(memo.probation->until), set.str()));
  memo.cut = true;
  memo.probation =
      Probation{now(), now() + terms.length, terms.messages, terms.early, context.actor()};
  CDCTL_TRY(bench.memory->put_cut(set, memo, deadline));
  crash_point("probation.noted");
  if (bench.engine &&
      !outcome.step(bench.service->engine, bench.engine->mend(set, false, deadline)))
    return {};
  crash_point("probation.world");
  // Left over from a trial that nobody ended: its limit is not 0.
  CDCTL_TRY(bench.broker->drain(set, deadline));
  (void)outcome.step(bench.broker_name, bench.broker->admit(set, 1, deadline));
  crash_point("probation.admitted");
  return {};
}

Result<TrialState> look_at_trial(app::Context& context, const SetName& set, Outcome& outcome,
                                 const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto bench, open_bench(context, set, false, deadline));
  if (!bench.probation()) return TrialState{End::gone, {}, "someone else ended it"};
  CDCTL_TRY_ASSIGN(const auto seen, bench.broker->settled(set, deadline));
  auto state = judge_trial(*bench.probation(), seen, now());
  if (const auto& force = bench.entry->force; force && force->state == Force::State::open)
    state = {End::failed, seen, "it is forced open by " + force->by};
  if (state.end == End::running) return state;
  const auto since = bench.probation()->since;
  CDCTL_TRY_ASSIGN(bench, open_bench(context, set, true, deadline));
  if (!bench.probation() || bench.probation()->since != since)
    return TrialState{End::gone, seen, "someone else ended it"};
  if (state.end == End::passed)
    CDCTL_TRY(join(context, set, bench, outcome, deadline));
  else
    CDCTL_TRY(cut_again(set, bench, "its trial failed: " + state.why, outcome, deadline));
  outcome.set("trial", trial_json(state));
  return state;
}

Result<> abort_trial(app::Context& context, const SetName& set, Outcome& outcome,
                     const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto bench, open_bench(context, set, true, deadline));
  if (!bench.probation()) return {};
  return cut_again(set, bench, "its trial was interrupted", outcome, deadline);
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
    if (state && state->end == End::gone) outcome.set("trial", trial_json(*state));
    if (state && state->end == End::failed)
      return fail(ExitCode::failed,
                  fmt::format("its trial failed: {}; it is cut again", state->why));
    if (state && state->end != End::running) return {};
    if (state)
      context.progress(fmt::format("{}: on trial, {} acknowledged, {} came back", set.str(),
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
