#include "core/actions/reap.hpp"

#include <algorithm>
#include <chrono>
#include <list>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/actions/absent.hpp"
#include "core/actions/gone_home.hpp"
#include "core/actions/guard.hpp"
#include "core/actions/outcome.hpp"
#include "core/actions/patience.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/app/brokers.hpp"
#include "core/app/share.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::actions {

namespace {

constexpr auto k_mark_age = std::chrono::minutes(10);
constexpr auto k_clock_slack = std::chrono::seconds(30);
constexpr Millis k_undo{10'000};
constexpr int k_tries = 3;
constexpr Millis k_longest_pause(200);
constexpr Millis k_worth_a_word(500);  // people who watch have begun to wonder

/// One reap: every condition again, drain, stop, retire the user, remove what is left.
class Reap {
 public:
  Reap(app::Context& context, const ReapOrder& order, const Patience& patience, Millis timeout)
      : context_(context),
        mark_(order.mark),
        set_(mark_.set),
        options_(order.options),
        patience_(patience),
        patient_(patience.waited),
        deadline_(timeout + patience.waited),
        outcome_(context, "reap", set_, options_.dry_run),
        transaction_(context, set_, outcome_, k_reap, deadline_),
        gone_home_(context, set_, options_.gone_home, transaction_, deadline_) {
    outcome_.why(mark_.why);
  }

  /// Up to where the set is told to end.
  void begin() { settle(act()); }

  /// Looks whether it has ended, and removes what is left then.
  void look() {
    settle(stop());
    if (over_) return;
    if (Stop::requested() || (patience_.leaves && patient_.passed()))
      leave();
    else if (deadline_.passed())
      settle(fail(ExitCode::timeout, fmt::format("{} of it did not end in time; reap it again",
                                                 plural(stopping_.left, "process"))));
  }

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] const SetName& set() const { return set_; }
  /// Its processes that have not ended yet, and how long they may take.
  [[nodiscard]] std::int64_t left() const { return stopping_.left; }
  [[nodiscard]] Millis waited() const { return patience_.waited; }
  void count_in(ReapEnds& ends) const {
    ++(!outcome_.ok() ? ends.failed : stopping_.done ? ends.done : ends.draining);
  }

 private:
  void settle(const Result<>& done) {
    if (!done)
      outcome_.fail_with(done.error());
    else if (!stopping_.done)
      return;
    close();
  }

  /// The rest is the engine's, and of the reap that comes upon it next.
  void leave() {
    transaction_.leave(stopping_);
    outcome_.set("draining", true);
    if (stopping_.until) outcome_.set("until", to_rfc3339(*stopping_.until));
    context_.out.note(fmt::format(
        "{}: {} of it may finish{}; the next reap removes it", set_.str(),
        plural(stopping_.left, "process"),
        stopping_.until ? ", for " + to_age(*stopping_.until - now()) + " at most" : ""));
    close();
  }

  void close() {
    transaction_.unlock();
    over_ = true;
    outcome_.write();
  }

  Result<> act() {
    CDCTL_TRY(check_mark());
    fleet::Fleet fleet(context_);
    CDCTL_TRY_ASSIGN(const auto* view, ask(fleet));
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set) {
      if (!mark_.policy) CDCTL_TRY(check_was_there(context_, view, set_));
      outcome_.set("absent", true);  // what cannot be found any more is already done
      return {};
    }
    CDCTL_TRY(check_whose(*set));
    CDCTL_TRY(transaction_.open(view->config));
    CDCTL_TRY(transaction_.open_engine());
    if (!options_.gone_home.empty()) return forget_gone(*set);
    if (!ours(*set)) return discard(*view->config, *set);
    CDCTL_TRY_ASSIGN(const auto* engine, context_.engine(view->config->engine));
    home_ = engine->home();
    if (set->ghost) CDCTL_TRY(check_lost());
    // Killed in the middle of a reap that was allowed: then nobody of it gets in any more.
    const bool drained = app::brokers_of(context_, *view->config).empty() ||
                         set->cut.value_or(false) || !set->memory.provisioned;
    const bool unfinished = set->state == "reaping" && drained;
    if (mark_.begun && set->state != "reaping")
      return fail(ExitCode::refused,
                  "refused: it is not being reaped any more; run cdctl ls | cdctl stale again");
    if (!unfinished) CDCTL_TRY(check_again(*view, *set));
    if (outcome_.dry_run()) {
      outcome_.changed();
      return {};
    }
    if (!unfinished) CDCTL_TRY(drain(*view->config));
    return stop();
  }

  Result<const fleet::ServiceView*> ask(fleet::Fleet& fleet) const {
    fleet.load({set_.service}, deadline_);
    if (mark_.policy) {  // which asks who is held out, and who takes no work
      fleet.load_holds(deadline_);
      fleet.load_work(deadline_);
    }
    const auto* view = fleet.service(set_.service);
    if (view && view->error)
      return fail(ExitCode::unknown, fmt::format("nothing is done: {}", view->error->what));
    return view;
  }

  /// Only the owner removes, and nothing is removed by who does not know what it needs.
  Result<> check_whose(const fleet::SetView& set) const {
    if (!options_.gone_home.empty())
      CDCTL_TRY(gone_home_.check_named(set));
    else if (!set.here() && !set.ghost && !set.leftover)
      return fail(ExitCode::refused,
                  fmt::format("it lives in home {}; reap it there, or if that home is gone "
                              "for good: cdctl reap {} --gone-home {}",
                              set.home, set_.str(), set.home));
    if (!set.owner.empty())
      return fail(ExitCode::refused,
                  fmt::format("refused: the memory says that it lives in home {}, and this home is "
                              "now called {}; if it is the same one, cdctl deploy {}@{} takes the "
                              "set over, then reap it",
                              set.owner, set.home, set_.service, set_.revision));
    if (!set.foreign) return {};
    if (options_.even_foreign) return fleet::refuse_foreign(context_, set);
    return fail(ExitCode::refused,
                fmt::format("refused: {} is not configured in {}; reap the set with the "
                            "configuration that has {}, or where nobody has it any more, say "
                            "--even-foreign",
                            set_.service, context_.config().file.string(), set_.service));
  }

  /// A person's word that its home is gone. What is taken away works nowhere: no guard counts it.
  /// Under the lock, and asked twice: a home that comes back meanwhile owns it still.
  Result<> forget_gone(const fleet::SetView& set) {
    outcome_.set("gone_home", set.home);
    CDCTL_TRY(gone_home_.check_silent(set));
    if (outcome_.dry_run()) {
      outcome_.changed();
      return {};
    }
    CDCTL_TRY(transaction_.lock());
    fleet::Fleet fleet(context_);
    CDCTL_TRY_ASSIGN(const auto* view, ask(fleet));
    const auto* still = view ? view->set(set_) : nullptr;
    if (!still) return {};
    CDCTL_TRY(check_whose(*still));
    CDCTL_TRY(gone_home_.check_silent(*still));
    CDCTL_TRY(transaction_.prove_lock());
    outcome_.changed();
    CDCTL_TRY(transaction_.retire());
    return transaction_.bury();
  }

  /// Whether the broker's part of it, and its memo, are this home's to remove: the memory names
  /// this home. Where it names nobody, a set that served here was made here.
  [[nodiscard]] static bool ours(const fleet::SetView& set) {
    if (set.leftover) return false;
    if (set.ghost) return true;
    if (const auto& memo = set.memory.set) return memo->home == set.home;
    return set.status->served || !set.memory.provisioned;
  }

  /// Nothing of it is here, and what works all the same is perhaps another machine's that has this
  /// one's name.
  Result<> check_lost() {
    if (options_.even_last) return {};
    CDCTL_TRY_ASSIGN(const auto open, transaction_.connections());
    if (open == 0) return {};
    return fail(ExitCode::refused,
                fmt::format("refused: this home has nothing of it, and {} of its units are open: "
                            "they run elsewhere; --even-last {} reaps it all the same",
                            plural(open, "connection"), set_.str()));
  }

  /// Another home owns the set, or did: what is here goes, and nothing of the other's.
  Result<> discard(const ServiceConfig& service, const fleet::SetView& set) {
    const auto& here = set.leftover ? *set.leftover : *set.status;
    if (here.state == "deploying") return fail(ExitCode::refused, "refused: it is being deployed");
    if (here.state == "live" && !options_.even_last)
      return fail(
          ExitCode::refused,
          set.given_up()
              ? fmt::format("refused: it was reaped while this home was given up, and units "
                            "of it run here; --even-last {} stops them",
                            set_.str())
              : fmt::format("refused: it lives in home {}, and units of it run here, too; "
                            "if this home is a copy of that one, --even-last {} stops them",
                            set.home, set_.str()));
    outcome_.set("leftover", true);
    if (outcome_.dry_run()) {
      outcome_.changed();
      return {};
    }
    CDCTL_TRY_ASSIGN(auto* const engine, context_.engine(service.engine));
    auto claim = engine->claim(set_, here.sources, here.deployed_at.value_or(now()), deadline_);
    // What is on its way out already may be nobody's to claim any more.
    if (!claim && here.state != "reaping") return std::unexpected(claim.error());
    // Under the claim nobody of this home can become the owner: what we read now stays true.
    CDCTL_TRY(transaction_.read());
    const auto& entry = transaction_.entry();
    if (entry && entry->set && !entry->set->reaped_at && entry->set->home == engine->home())
      return fail(ExitCode::refused, "refused: this home owns it by now; look at it with cdctl ls");
    return transaction_.discard(claim ? std::move(*claim) : nullptr);
  }

  /// A mark is as good as the look that it came from.
  Result<> check_mark() {
    if (!mark_.at) return {};
    const auto age = now() - *mark_.at;
    if (age <= k_mark_age && -age <= k_clock_slack) return {};
    const auto what = age > k_mark_age ? fmt::format("the mark is {} old", to_age(age))
                                       : std::string("the mark is from the future");
    return fail(ExitCode::refused, fmt::format("refused: {}; {}", what, cure_of_mark(age)));
  }

  /// What to do about a mark that is too old or too new: where our clock is another one than that
  /// of the broker, a new one from the same machine is no better.
  std::string cure_of_mark(Millis age) {
    fleet::Fleet fleet(context_);
    fleet.load({set_.service}, deadline_);
    const auto* view = fleet.service(set_.service);
    const auto memory =
        context_.memory(view ? context_.memory_name(*view->config) : context_.memory_name());
    const auto ahead = memory ? (*memory)->clock_ahead(set_.service) : Millis(0);
    if (std::chrono::abs(ahead) > k_clock_slack)
      return fmt::format(
          "this machine's clock is {} {} the broker's: run NTP here, or reap where "
          "it was marked",
          to_age(std::chrono::abs(ahead)), ahead > Millis(0) ? "ahead of" : "behind");
    return age > k_mark_age ? "run cdctl ls | cdctl stale again"
                            : "are the clocks right? Run cdctl ls | cdctl stale again";
  }

  Result<> check_again(const fleet::ServiceView& view, const fleet::SetView& set) {
    if (mark_.policy) {
      std::vector<Candidate> sets;
      std::size_t ours = 0;
      for (const auto& other : view.sets) {
        if (other.name == set_) ours = sets.size();
        sets.push_back(candidate_from(other));
      }
      if (drained_ && !cut_by_someone(set)) sets[ours].cut = false;
      const auto judgement = judge(sets, *mark_.policy, now())[ours];
      if (!judgement.stale)
        return fail(ExitCode::refused,
                    fmt::format("refused: it is not stale any more: {}", judgement.why));
    } else if (set.newest && !set.ghost && !options_.even_newest) {
      return fail(ExitCode::refused,
                  "refused: it is the newest set, and without it the same revision would be "
                  "offered again; --even-newest reaps it");
    }
    if (set.state == "deploying") return fail(ExitCode::refused, "refused: it is being deployed");
    return guard(view, set);
  }

  /// Whether it is kept out by a cut, and not only by the limit of a reap, this one or one that was
  /// killed: then its workers may still be at it.
  static bool cut_by_someone(const fleet::SetView& set) {
    return set.cut.value_or(false) && set.memory.cut_memo && set.memory.cut_memo->cut;
  }

  Result<> guard(const fleet::ServiceView& view, const fleet::SetView& set) {
    if (options_.even_last || cut_by_someone(set)) return {};
    const auto enough = [&](const Live& count) {
      return leaves_enough(*view.config, set_, count, std::max(before_, sum_of(count)));
    };
    CDCTL_TRY_ASSIGN(const auto live, live_units(context_, view, deadline_, enough));
    before_ = std::max(before_, sum_of(live));
    return guard_min_live(context_, view, set, live, Taking::for_good, deadline_, before_);
  }

  /// No new connections from here on; what the workers hold they may finish. Everything is checked
  /// again under the service's lock, so that two reapers do not take the last two sets. Whoever
  /// stands still in between has lost the lock, and others have counted without him: then all is
  /// checked once more under a new one, and the set let in again when it must stay.
  Result<> drain(const ServiceConfig& service) {
    auto held = keep_out();
    for (int tries = 1; held && !*held && tries < k_tries; ++tries) held = keep_out();
    if (held && !*held)
      held =
          fail(ExitCode::unknown,
               "nothing is done: the lock of the service was lost again and again; run it again");
    if (!held) {
      let_in_again(service);
      return std::unexpected(held.error());
    }
    // A broker's limit already says that this set does not count any more. Without one the lock is
    // held until the engine says so.
    if (!context_.broker_switches(service).empty()) transaction_.unlock();
    return {};
  }

  /// False when the lock was lost meanwhile, so that what was counted may not hold.
  Result<bool> keep_out() {
    transaction_.unlock();
    CDCTL_TRY(transaction_.lock());
    fleet::Fleet fleet(context_);
    CDCTL_TRY_ASSIGN(const auto* view, ask(fleet));
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set) return true;
    CDCTL_TRY(check_whose(*set));
    if (!ours(*set))
      return fail(ExitCode::refused,
                  fmt::format("refused: home {} owns it by now; look at it with cdctl ls",
                              set->memory.set ? set->memory.set->home : set->home));
    if (set->state != "reaping") CDCTL_TRY(check_again(*view, *set));
    k_reap.begun.pass();
    if (!drained_ && !set->cut.value_or(true)) {
      drained_ = true;
      prev_limit_ = set->memory.limit;
    }
    CDCTL_TRY(transaction_.drain());
    const auto held = transaction_.prove_lock();
    if (!held) context_.log(Level::debug, held.error().what);
    return held.has_value();
  }

  /// Undoes what keep_out() has begun, unless a breaker has cut the set meanwhile.
  void let_in_again(const ServiceConfig& service) {
    if (!drained_) return;
    // A machine that was suspended wakes up past its deadline.
    const Deadline deadline(std::max(deadline_.left(), k_undo));
    SetTransaction undo(context_, set_, outcome_, k_no_boundaries, deadline, Report::nothing);
    const auto done = [&]() -> Result<> {
      CDCTL_TRY(undo.open(&service));
      CDCTL_TRY(undo.read());
      const auto& entry = undo.entry();
      if (entry && entry->cut_memo && entry->cut_memo->cut) return {};
      return undo.mend(prev_limit_);
    }();
    if (!done)
      context_.log(
          Level::warning,
          fmt::format("{}: it is not reaped, but no new connection gets in: {}; cdctl mend "
                      "{} lets them in again",
                      set_.str(), done.error().what, set_.str()));
  }

  Result<> stop() {
    CDCTL_TRY_ASSIGN(stopping_, transaction_.stop(patience_.grace));
    transaction_.unlock();
    if (!stopping_.done) return {};
    CDCTL_TRY(still_reaping());
    CDCTL_TRY(transaction_.retire());
    CDCTL_TRY(transaction_.bury());
    return transaction_.destroy();
  }

  /// Whoever stood still after the stop may find that another reaper has finished, and that the
  /// same revision was deployed again since: its user is not ours to remove.
  Result<> still_reaping() {
    CDCTL_TRY(transaction_.lock());
    CDCTL_TRY_ASSIGN(const auto status, transaction_.status());
    if (status.state != "reaping" && status.state != "absent")
      return fail(ExitCode::refused,
                  "refused: it was reaped by someone else and deployed again meanwhile");
    CDCTL_TRY(transaction_.read());
    const auto& entry = transaction_.entry();
    if (entry && entry->set && entry->set->home != home_)
      return fail(ExitCode::refused,
                  fmt::format("refused: it was reaped by someone else, and home {} has deployed it "
                              "since",
                              entry->set->home));
    return transaction_.prove_lock();
  }

  app::Context& context_;
  Mark mark_;
  SetName set_;
  std::string home_;  ///< this one
  ReapOptions options_;
  Patience patience_;
  Deadline patient_, deadline_;
  Outcome outcome_;
  SetTransaction transaction_;
  GoneHome gone_home_;
  Stopping stopping_;
  bool over_ = false;
  bool drained_ = false;  ///< it was not cut, and no new connection gets in, by us
  std::optional<std::int64_t> prev_limit_;
  std::int64_t before_ = 0;  ///< units that were live when we began
};

/// What people see who wait for sets to end: `[3/30] thumbs-r5f0c1e9a2b: 2 processes have to end`.
void show_waiting(app::Context& context, const std::list<Reap>& reaps, Millis since) {
  std::int64_t sets = 0, processes = 0;
  Millis most{};
  const Reap* one = nullptr;
  for (const auto& reap : reaps) {
    if (reap.over()) continue;
    ++sets;
    processes += reap.left();
    most = std::max(most, reap.waited());
    one = &reap;
  }
  if (!one || since < k_worth_a_word) return;
  const auto who = sets == 1 ? one->set().str() : plural(sets, "set");
  context.progress(fmt::format("{}{}: {} to end", app::share_of(since, most), who,
                               plural(processes, "process has", "processes have")));
}

}  // namespace

ReapEnds reap_sets(app::Context& context, const std::vector<ReapOrder>& orders, Millis timeout) {
  std::list<Reap> reaps;
  for (const auto& order : orders) {
    if (Stop::requested() || context.out.broken()) break;
    const auto* service = context.config().service(order.mark.set.service);
    reaps.emplace_back(context, order, Patience::of(service, order.options.grace), timeout).begin();
    context.out.flush();
  }
  const auto begun = std::chrono::steady_clock::now();
  for (Millis pause(5); !std::ranges::all_of(reaps, &Reap::over);
       pause = std::min(pause * 2, k_longest_pause)) {
    pollfd stop{Stop::fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(pause.count()));
    for (auto& reap : reaps)
      if (!reap.over()) reap.look();
    context.out.flush();
    show_waiting(context, reaps,
                 std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun));
  }
  ReapEnds ends;
  for (const auto& reap : reaps) reap.count_in(ends);
  return ends;
}

}  // namespace cdctl::actions
