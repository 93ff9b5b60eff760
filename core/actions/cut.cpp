#include "core/actions/cut.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/returns.hpp>
#include <cdctl/text.hpp>

#include "core/actions/absent.hpp"
#include "core/actions/guard.hpp"
#include "core/actions/landings.hpp"
#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/forces.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/late_cut.hpp"
#include "core/fleet/revisions.hpp"

namespace cdctl::actions {

namespace {

constexpr Millis k_slow{2000}, k_undo{10'000}, k_clock_slack{30'000};
constexpr Millis k_late{2000};    ///< a broker that has not done its part by then is not waited for
constexpr Millis k_engine{5000};  ///< what the engine has at least, however little time is left

/// What is to be done by the broker: made when the guards have let it through.
struct Plan {
  CutMemo memo;
  bool already = false;     ///< it was cut when we looked
  bool on_trial = false;    ///< and let back on trial
  bool remembered = false;  ///< the memory has it: there is nothing to note
};

/// One cut: guards, memory, switches, and the count again.
class Cut {
 public:
  Cut(app::Context& context, const SetName& set, CutCause cause, const CutOptions& options,
      const Deadline& deadline)
      : context_(context),
        set_(set),
        cause_(std::move(cause)),
        even_last_(options.even_last),
        whole_(deadline),
        deadline_(deadline),
        outcome_(context, "break", set_, options.dry_run),
        transaction_(context, set_, outcome_, k_cut, deadline) {
    outcome_.why(cause_.why);
    if (!cause_.last_evidence) outcome_.set("by_hand", true);
  }

  ExitCode run() {
    if (auto done = act(); !done) outcome_.fail_with(done.error());
    tell_landings(context_, set_, outcome_);
    tell_commits(context_, set_, outcome_);
    outcome_.write();
    return outcome_.exit();
  }

 private:
  Result<> act() {
    CDCTL_TRY(transaction_.open(context_.config().service(set_.service)));
    auto kept_out = engine_can_help() ? keep_out_in_time() : keep_out();
    const bool spared = kept_out ? !in_force_ : kept_out.error().exit == ExitCode::refused;
    if (froze_ && spared) let_go();
    if (spared || in_force_) settle_unfinished();
    if (pulled_ && !spared && !kept_out) leave_stopped();
    CDCTL_TRY(std::move(kept_out));
    transaction_.unlock();
    return in_force_ && !pulled_ ? transaction_.cut_world() : Result<>();
  }

  // ---------------------------------------------------------------- a broker that is late

  /// Whether the engine is a switch beside a broker, so that it need not wait for that one.
  [[nodiscard]] bool engine_can_help() const {
    const auto* service = context_.config().service(set_.service);
    return service && !outcome_.dry_run() && service->has_switch(service->engine) &&
           !context_.broker_switches(*service).empty();
  }

  /// A broker of which a node hangs takes no limit, closes no connection and tells of none, until
  /// it has given the node up: a minute, in which the set would go on. So the engine's switch is
  /// pulled as soon as the broker is late, and the broker's part goes on after it.
  Result<> keep_out_in_time() {
    transaction_.within(deadline_ = whole_.at_most(k_late), Report::unless_late);
    auto done = keep_out();
    transaction_.within(deadline_ = whole_, Report::all);
    if (done || done.error().exit != ExitCode::timeout) return done;
    if (done.error().reason != Reason::held) pull_engine();
    return whole_.passed() ? done : keep_out();
  }

  /// Says why when it could not be done: that is no reason to leave the broker's part out.
  void pull_engine() {
    transaction_.within(Deadline(std::max(whole_.left(), k_engine)), Report::successes);
    auto pulled = try_to_pull();
    transaction_.within(whole_, Report::all);
    if (pulled && !*pulled) return;
    pulled_ = pulled.has_value();
    froze_ = transaction_.froze();
    context_.log(
        Level::warning,
        fmt::format("{}: the broker is late ({}); {}", set_.str(), to_duration(k_late),
                    pulled_ ? "its units are stopped by the engine, and the broker is asked on"
                            : "and its units go on: " + pulled.error().what));
  }

  /// False when it is not to be cut, or not here. The guards count what the engine sees, since the
  /// broker cannot be asked: sets of other homes count as nothing, so that two homes that do this
  /// at once leave enough each by itself.
  Result<bool> try_to_pull() {
    // A full disk, or another one that is at it, keeps nobody from stopping it.
    if (auto late = fleet::LateCut::begin(context_, set_)) late_.emplace(std::move(*late));
    if (plan_) {  // the broker had answered the guards
      CDCTL_TRY(transaction_.cut_world());
      return true;
    }
    const Deadline deadline(k_engine);
    CDCTL_TRY_ASSIGN(
        const auto alone,
        FileLock::acquire(context_.home() / ("late-" + set_.service + ".lock"), deadline));
    if (!alone) return fail(ExitCode::timeout, "another cdctl is at it in this home");
    fleet::Fleet fleet(context_);
    fleet.load({set_.service}, deadline);
    const auto* view = fleet.service(set_.service);
    if (view && view->error) return std::unexpected(*view->error);
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set || !set->here()) return false;
    CDCTL_TRY_ASSIGN(const bool may, may_cut(*set));
    if (!may) return false;
    if (!set->cut.value_or(false) && !even_last_) {
      CDCTL_TRY_ASSIGN(const auto live, live_units_here(context_, *view, deadline));
      CDCTL_TRY(guard_min_live(context_, *view, *set, live, taking(), deadline));
    }
    CDCTL_TRY(transaction_.cut_world());
    return true;
  }

  /// Whoever began it has given up, and its word stands: no cron starts the units again as soon as
  /// the broker is back.
  void leave_stopped() {
    const auto before = fleet::unfinished_cut(context_, set_, {});
    const bool by_person = before && !before->last_evidence && cause_.last_evidence;
    const fleet::UnfinishedCut begun{context_.actor(), cause_.why, now(), cause_.last_evidence};
    const auto noted = by_person ? Result<>() : fleet::note_unfinished_cut(context_, set_, begun);
    if (!noted)
      context_.log(Level::warning,
                   fmt::format("{}: that its cut was begun could not be noted, so that the next "
                               "cdctl outdated | cdctl deploy starts its units: {}",
                               set_.str(), noted.error().what));
    context_.log(Level::warning,
                 fmt::format("{}: its units stay stopped by the engine, and what the broker was "
                             "asked may still come; cdctl break {} finishes it, cdctl mend {} "
                             "takes it back",
                             set_.str(), set_.str(), set_.str()));
  }

  /// An earlier one had given up, and this one was done, or was not let through: the units are not
  /// kept stopped for that any more. What a person began is not ended by what was evidence then.
  void settle_unfinished() {
    if (outcome_.dry_run()) return;
    const auto begun = fleet::unfinished_cut(context_, set_, {});
    const auto& evidence = cause_.last_evidence;
    const bool ours = begun && (in_force_ || !evidence ||
                                (begun->last_evidence && *evidence >= *begun->last_evidence));
    if (ours) fleet::forget_unfinished_cut(context_, set_);
  }

  /// It is not to be cut after all. What was stopped before we came stays so.
  void let_go() {
    SetTransaction back(context_, set_, outcome_, k_no_boundaries, Deadline(k_undo),
                        Report::nothing);
    auto done = back.open(context_.config().service(set_.service));
    if (done) done = back.mend_world(true);
    if (!done)
      context_.log(Level::warning,
                   fmt::format("{}: it is not cut after all, and its units could not "
                               "be let go on: {}; cdctl mend {} does it",
                               set_.str(), done.error().what, set_.str()));
  }

  // ---------------------------------------------------------------- whether

  /// Makes the plan where there is something to do.
  Result<> look() {
    fleet_.emplace(context_);
    fleet_->load_for_cut(set_.service, !cause_.last_evidence, deadline_);
    auto* view = fleet_->service(set_.service);
    if (view && view->memory_error) return std::unexpected(*view->memory_error);
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set && view && view->error) return std::unexpected(*view->error);
    if (!set) return cut_nothing(view);
    CDCTL_TRY_ASSIGN(const bool may, may_cut(*set));
    if (!may) return {};
    CDCTL_TRY(transaction_.open(view->config));
    return plan(*view, *set);
  }

  /// False when it is to be left as it is, which the outcome says.
  Result<bool> may_cut(const fleet::SetView& set) {
    CDCTL_TRY_ASSIGN(const auto reason, too_old(set));
    if (!reason.empty()) {
      outcome_.set("ignored", reason);
      context_.out.note(fmt::format("{}: not cut: {}", set_.str(), reason));
      return false;
    }
    if (set.foreign && cause_.last_evidence) {
      outcome_.set("ignored", "foreign");
      context_.out.note(
          fmt::format("{}: not cut: {} is not configured here, so that these are not "
                      "its rules",
                      set_.str(), set_.service));
      return false;
    }
    CDCTL_TRY(fleet::refuse_foreign(context_, set));
    CDCTL_TRY_ASSIGN(const bool observed, obey(set.memory.force));
    return !observed;
  }

  /// What cannot be found any more is already done. A person may refuse what is not out yet.
  Result<> cut_nothing(const fleet::ServiceView* view) {
    if (!cause_.last_evidence && view) {
      CDCTL_TRY_ASSIGN(const bool ahead, fleet::is_to_come(context_, *view, set_, deadline_));
      if (ahead) return refuse_ahead(*view);
    }
    if (!cause_.last_evidence) CDCTL_TRY(check_was_there(context_, view, set_));
    outcome_.set("absent", true);
    if (cause_.last_evidence) outcome_.no_news();  // what a breaker saw of it is over with it
    return {};
  }

  /// The memory of a bad revision, before there is anything of it to cut.
  Result<> refuse_ahead(const fleet::ServiceView& view) {
    outcome_.set("ahead", true);
    const auto known = view.gone.find(set_.str());
    const bool already =
        known != view.gone.end() && known->second.cut_memo && known->second.cut_memo->cut;
    if (already) return {};
    outcome_.changed();
    if (outcome_.dry_run()) return {};
    CutMemo memo{true, context_.actor(), cause_.why, now(), {}, {}};
    if (known != view.gone.end() && known->second.cut_memo)
      memo.cuts = known->second.cut_memo->cuts;
    CDCTL_TRY(transaction_.close(memo));
    context_.out.note(
        fmt::format("{}: it is not out; it is known to be bad from now on, and not offered; cdctl "
                    "mend {} takes "
                    "that back",
                    set_.service, set_.str()));
    return {};
  }

  /// Evidence from before the set was deployed or mended, or from too long ago, does not cut; and
  /// one from the future would cut past every mend. Empty when it is neither.
  Result<std::string> too_old(const fleet::SetView& set) {
    if (!cause_.last_evidence) return std::string();
    const auto last = *cause_.last_evidence;
    const auto ahead = transaction_.memory().clock_ahead(set_.service);
    const bool wrong = std::chrono::abs(ahead) > k_clock_slack;
    const auto here = why_old(set, last);
    // A verdict that was made elsewhere has the broker's time, which is another one here.
    const auto elsewhere = wrong ? why_old(set, last + ahead) : here;
    if (here && here->empty()) return std::string();
    if (!here && elsewhere) return *elsewhere;
    if (!here)
      return fail(
          fmt::format("not cut: the evidence is from the future ({}); are the clocks right?",
                      to_rfc3339(last)));
    if (!elsewhere || !elsewhere->empty()) return *here;
    return fail(ExitCode::unknown,
                fmt::format("whether to cut is not known: by this machine's clock {}, and by the "
                            "broker's it is not; they are {} apart: run NTP here, or cdctl break "
                            "on a machine whose clock is right",
                            *here, to_duration(std::chrono::abs(ahead))));
  }

  /// Why evidence of that time does not cut; empty when it does, nothing when it is still to come.
  /// What was noted for a time to come says nothing of what was before: a wrong clock has noted it.
  [[nodiscard]] std::optional<std::string> why_old(const fleet::SetView& set, Time last) const {
    if (last - now() > k_clock_slack) return {};
    const auto before = [&](const std::optional<Time>& time) {
      return time && *time - now() <= k_clock_slack && last < *time;
    };
    if (before(set.deployed_at)) return "the evidence is older than the set";
    if (before(set.mended_at)) return "the evidence is older than the mend";
    const auto most = set.service->max_verdict_age;
    if (now() - last > most)
      return fmt::format("the evidence is {} old, max_verdict_age is {}", to_age(now() - last),
                         to_duration(most));
    return std::string();
  }

  /// What a person has forced. True when the set is only observed, so that evidence does not cut.
  Result<bool> obey(const std::optional<Force>& force) {
    if (!force) return false;
    if (force->state == Force::State::closed)
      return fail(ExitCode::refused,
                  "refused: it is forced closed " + fleet::forced_text(*force, set_));
    if (force->state != Force::State::observe || !cause_.last_evidence) return false;
    outcome_.set("ignored", "observe-only");
    context_.out.note(
        fmt::format("{}: would be cut; it is only observed, says {}", set_.str(), force->by));
    return true;
  }

  Result<> plan(const fleet::ServiceView& view, const fleet::SetView& set) {
    const bool already = set.cut.value_or(false);
    if (!set.cut && !even_last_)
      return fail(ExitCode::unknown, "whether it is cut could not be read");
    if (!already && !even_last_) {
      const auto enough = [&](const Live& count) {
        return leaves_enough(*view.config, set_, count, sum_of(count));
      };
      CDCTL_TRY_ASSIGN(const auto live, live_units(context_, view, deadline_, enough));
      CDCTL_TRY(guard_min_live(context_, view, set, live, taking(), deadline_));
      before_ = sum_of(live);
      k_cut.begun.pass();
    }
    const bool on_trial = set.memory.cut_memo && set.memory.cut_memo->probation;
    const bool remembered = already && set.memory.cut_memo && set.memory.cut_memo->cut && !on_trial;
    if (outcome_.dry_run()) {
      if (!already) outcome_.changed();
      return {};
    }
    CutMemo memo{true, context_.actor(), cause_.why, now(), set.memory.limit, {}};
    if (set.memory.cut_memo) memo.cuts = set.memory.cut_memo->cuts;
    note_cut(memo, memo.at);
    if (on_trial) {  // what was there before the trial; and it is one until nobody gets in
      memo.prev_limit = set.memory.cut_memo->prev_limit;
      memo.probation = set.memory.cut_memo->probation;
    }
    plan_ = Plan{std::move(memo), already, on_trial, remembered};
    return {};
  }

  [[nodiscard]] Taking taking() const {
    return cause_.last_evidence ? Taking::by_evidence : Taking::by_hand;
  }

  // ---------------------------------------------------------------- what is done

  /// All but the world's part. Called again after it was late, it goes on with its plan, under the
  /// lock that it may hold already.
  Result<> keep_out() {
    if (!outcome_.dry_run()) CDCTL_TRY(transaction_.lock());
    if (!plan_) CDCTL_TRY(look());
    if (!plan_) return {};
    CDCTL_TRY(carry_out());
    in_force_ = true;
    const auto& view = *fleet_->service(set_.service);
    if (!plan_->already && !std::exchange(told_, true)) tell_returns(view, plan_->memo);
    if (plan_->already || even_last_) return {};
    CDCTL_TRY_ASSIGN(const bool undone, undo_if_too_many(view, plan_->memo));
    if (undone) in_force_ = false;
    return {};
  }

  /// Bystanders that the workers had prefetched went back as well: with a delivery limit, that
  /// counts.
  void tell_returns(const fleet::ServiceView& view, const CutMemo& ours) {
    const auto& own = view.set(set_)->memory.set;
    if (!own || own->delivery_limits.empty()) return;
    auto cuts = recent_cuts(ours, now());
    const auto count = [&](const MemoryEntry& entry) {
      if (entry.cut_memo) cuts += recent_cuts(*entry.cut_memo, now());
    };
    for (const auto& other : view.sets)
      if (other.name != set_) count(other.memory);
    for (const auto& [name, entry] : view.gone) count(entry);
    auto returns = Json::array();
    for (const auto& [queue, limit] : own->delivery_limits) {
      const ReturnsLeft left{queue, limit, cuts};
      returns.push_back(Json::object({{"queue", queue}, {"limit", limit}, {"cuts", cuts}}));
      if (left.near())
        context_.log(Level::warning, fmt::format("{}: {}", set_.service, left.text()));
    }
    outcome_.set("returns", std::move(returns));
  }

  /// The memory, and then the switches.
  Result<> carry_out() {
    auto& [memo, already, on_trial, remembered] = *plan_;
    noted_ = noted_.value_or(std::chrono::steady_clock::now());
    CDCTL_TRY(transaction_.note(remembered ? std::optional<CutMemo>() : memo));
    if (!std::exchange(remembered, true) && (!already || on_trial)) outcome_.changed();
    CDCTL_TRY(transaction_.cut(cause_.why));
    if (!on_trial || !memo.probation) return {};
    auto ended = memo;
    ended.probation.reset();
    CDCTL_TRY(transaction_.close(ended));
    memo = std::move(ended);
    return {};
  }

  /// Another breaker may have cut beside us (its lock lost, its machine suspended, its broker
  /// partitioned): read all limits and memos again. If the count no longer holds, the later cut
  /// undoes its own; and so does one that took long, since who came meanwhile may have looked
  /// before we were done, and be gone.
  Result<bool> undo_if_too_many(const fleet::ServiceView& before, const CutMemo& ours) {
    // A machine that was suspended wakes up past its deadline: what it did must be looked at all
    // the same.
    const Deadline deadline(std::max(deadline_.left(), k_undo));
    CDCTL_TRY_ASSIGN(const auto others, cut_meanwhile(before, deadline));
    if (others.empty()) return false;
    fleet::Fleet fleet(context_);
    fleet.load_for_cut(set_.service, !cause_.last_evidence, deadline);
    const auto enough = [&](const Live& count) {
      return leaves_enough(*before.config, set_, count, before_);
    };
    CDCTL_TRY_ASSIGN(const auto live,
                     live_units(context_, *fleet.service(set_.service), deadline, enough));
    if (enough(live)) return false;
    const bool last = std::ranges::all_of(others, [&](const CutMemo& other) {
      return std::pair(ours.at, ours.by) > std::pair(other.at, other.by);
    });
    const bool slow = std::chrono::steady_clock::now() - *noted_ > k_slow;
    if (!last && !slow) return false;  // the other one undoes its own
    CDCTL_TRY(undo(*before.config, ours, deadline));
    outcome_.fail_with({ExitCode::refused,
                        "undone: another breaker cut a set of this service at the same time, and "
                        "less than min_live was left"});
    return true;
  }

  /// The memos of the sets that were not cut when we looked, and are now.
  Result<std::vector<CutMemo>> cut_meanwhile(const fleet::ServiceView& before,
                                             const Deadline& deadline) {
    CDCTL_TRY_ASSIGN(const auto after, transaction_.memory().read(set_.service, deadline));
    std::vector<CutMemo> others;
    for (const auto& set : before.sets) {
      const auto at = after.find(set.name.str());
      if (set.name == set_ || set.cut.value_or(true) || at == after.end()) continue;
      const auto& memo = at->second.cut_memo;
      if (at->second.cut.value_or(false) || (memo && memo->cut))
        others.push_back(memo.value_or(CutMemo{}));
    }
    return others;
  }

  Result<> undo(const ServiceConfig& service, const CutMemo& ours, const Deadline& deadline) {
    SetTransaction undo(context_, set_, outcome_, k_no_boundaries, deadline, Report::nothing);
    CDCTL_TRY(undo.open(&service));
    auto mended = ours;
    mended.cut = false;
    mended.mended_at = now();
    CDCTL_TRY(undo.note(mended));
    return undo.mend(ours.prev_limit);
  }

  app::Context& context_;
  SetName set_;
  CutCause cause_;
  bool even_last_;
  Deadline whole_;     ///< of the cut
  Deadline deadline_;  ///< of what is being done: the broker's first try has a shorter one
  Outcome outcome_;
  SetTransaction transaction_;
  std::optional<fleet::Fleet> fleet_;  ///< as of the look that the plan is from
  std::optional<Plan> plan_;
  std::optional<fleet::LateCut> late_;  ///< while the engine has gone first
  bool pulled_ = false;      ///< the engine has stopped the units before the broker was done
  bool froze_ = false;       ///< and they were not stopped before
  bool in_force_ = false;    ///< the broker has done its part
  bool told_ = false;        ///< what went back to the queues
  std::int64_t before_ = 0;  ///< units that were live when we counted
  std::optional<std::chrono::steady_clock::time_point>
      noted_;  ///< just before the memo was written
};

}  // namespace

ExitCode try_to_cut(app::Context& context, const SetName& set, CutCause cause,
                    const CutOptions& options, const Deadline& deadline) {
  return Cut(context, set, std::move(cause), options, deadline).run();
}

bool cut_set(app::Context& context, const SetName& set, CutCause cause, const CutOptions& options,
             const Deadline& deadline) {
  return try_to_cut(context, set, std::move(cause), options, deadline) == ExitCode::done;
}

}  // namespace cdctl::actions
