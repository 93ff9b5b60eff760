#include "core/actions/cut.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>

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
#include "core/fleet/revisions.hpp"

namespace cdctl::actions {

namespace {

constexpr Millis k_slow{2000}, k_undo{10'000}, k_clock_slack{30'000};

/// One cut: guards, memory, switches, and the count again.
class Cut {
 public:
  Cut(app::Context& context, const SetName& set, CutCause cause, const CutOptions& options,
      const Deadline& deadline)
      : context_(context),
        set_(set),
        cause_(std::move(cause)),
        even_last_(options.even_last),
        deadline_(deadline),
        outcome_(context, "break", set_, options.dry_run),
        transaction_(context, set_, outcome_, k_cut, deadline) {
    outcome_.why(cause_.why);
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
    if (!outcome_.dry_run()) CDCTL_TRY(transaction_.lock());
    fleet::Fleet fleet(context_);
    fleet.load_for_cut(set_.service, !cause_.last_evidence, deadline_);
    auto* view = fleet.service(set_.service);
    if (view && view->memory_error) return std::unexpected(*view->memory_error);
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set && view && view->error) return std::unexpected(*view->error);
    if (!set) return cut_nothing(view);
    CDCTL_TRY_ASSIGN(const auto reason, too_old(*set));
    if (!reason.empty()) {
      outcome_.set("ignored", reason);
      context_.out.note(fmt::format("{}: not cut: {}", set_.str(), reason));
      return {};
    }
    if (set->foreign && cause_.last_evidence) {
      outcome_.set("ignored", "foreign");
      context_.out.note(
          fmt::format("{}: not cut: {} is not configured here, so that these are not "
                      "its rules",
                      set_.str(), set_.service));
      return {};
    }
    CDCTL_TRY(fleet::refuse_foreign(context_, *set));
    CDCTL_TRY(transaction_.open(view->config));
    CDCTL_TRY_ASSIGN(const bool observed, obey(set->memory.force));
    return observed ? Result<>() : cut(*view, *set);
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

  Result<> cut(const fleet::ServiceView& view, const fleet::SetView& set) {
    const bool already = set.cut.value_or(false);
    if (!set.cut && !even_last_)
      return fail(ExitCode::unknown, "whether it is cut could not be read");
    if (!already && !even_last_) {
      CDCTL_TRY_ASSIGN(const auto live, live_units(context_, view, deadline_));
      CDCTL_TRY(guard_min_live(context_, view, set, live,
                               cause_.last_evidence ? Taking::by_evidence : Taking::by_hand,
                               deadline_));
      before_ = sum_of(live);
      k_cut.begun.pass();
    }
    if (outcome_.dry_run()) {
      if (!already) outcome_.changed();
      return {};
    }
    CDCTL_TRY_ASSIGN(const auto memo, keep_out(set, already));
    if (!already) tell_returns(view, set, memo);
    if (!already && !even_last_) {
      CDCTL_TRY_ASSIGN(const bool undone, undo_if_too_many(view, memo));
      if (undone) return {};
    }
    transaction_.unlock();
    return transaction_.cut_world();
  }

  /// Bystanders that the workers had prefetched went back as well: with a delivery limit, that
  /// counts.
  void tell_returns(const fleet::ServiceView& view, const fleet::SetView& set,
                    const CutMemo& ours) {
    if (!set.memory.set || set.memory.set->delivery_limits.empty()) return;
    auto cuts = recent_cuts(ours, now());
    const auto count = [&](const MemoryEntry& entry) {
      if (entry.cut_memo) cuts += recent_cuts(*entry.cut_memo, now());
    };
    for (const auto& other : view.sets)
      if (other.name != set_) count(other.memory);
    for (const auto& [name, entry] : view.gone) count(entry);
    auto returns = Json::array();
    for (const auto& [queue, limit] : set.memory.set->delivery_limits) {
      const ReturnsLeft left{queue, limit, cuts};
      returns.push_back(Json::object({{"queue", queue}, {"limit", limit}, {"cuts", cuts}}));
      if (left.near())
        context_.log(Level::warning, fmt::format("{}: {}", set_.service, left.text()));
    }
    outcome_.set("returns", std::move(returns));
  }

  /// The memory, and then the switches. The memo as it is afterwards.
  Result<CutMemo> keep_out(const fleet::SetView& set, bool already) {
    CutMemo memo{true, context_.actor(), cause_.why, now(), set.memory.limit, {}};
    if (set.memory.cut_memo) memo.cuts = set.memory.cut_memo->cuts;
    note_cut(memo, memo.at);
    const bool on_trial = set.memory.cut_memo && set.memory.cut_memo->probation;
    const bool remembered = already && set.memory.cut_memo && set.memory.cut_memo->cut && !on_trial;
    if (on_trial) {  // what was there before the trial; and it is one until nobody gets in
      memo.prev_limit = set.memory.cut_memo->prev_limit;
      memo.probation = set.memory.cut_memo->probation;
    }
    noted_ = std::chrono::steady_clock::now();
    CDCTL_TRY(transaction_.note(remembered ? std::optional<CutMemo>() : memo));
    if (!remembered && (!already || on_trial)) outcome_.changed();
    CDCTL_TRY(transaction_.cut(cause_.why));
    if (on_trial) {
      memo.probation.reset();
      CDCTL_TRY(transaction_.close(memo));
    }
    return memo;
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
    CDCTL_TRY_ASSIGN(const auto live, live_units(context_, *fleet.service(set_.service), deadline));
    if (leaves_enough(*before.config, set_, live, before_)) return false;
    const bool last = std::ranges::all_of(others, [&](const CutMemo& other) {
      return std::pair(ours.at, ours.by) > std::pair(other.at, other.by);
    });
    const bool slow = std::chrono::steady_clock::now() - noted_ > k_slow;
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
  Deadline deadline_;
  Outcome outcome_;
  SetTransaction transaction_;
  std::int64_t before_ = 0;                      ///< units that were live when we counted
  std::chrono::steady_clock::time_point noted_;  ///< just before the memo was written
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
