#include "core/actions/reap.hpp"

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "core/actions/guard.hpp"
#include "core/actions/outcome.hpp"

namespace cdctl::actions {

namespace {

constexpr auto k_mark_age = std::chrono::minutes(10);
constexpr auto k_clock_slack = std::chrono::seconds(30);

Candidate candidate_from(const fleet::SetView& set) {
  std::optional<Time> cut_at;
  if (set.memory.cut_memo && set.memory.cut_memo->cut) cut_at = set.memory.cut_memo->at;
  return {set.name.str(),  set.state,
          set.cut,         set.status ? std::optional(set.status->served) : std::nullopt,
          set.deployed_at, set.mended_at,
          cut_at,          set.status.has_value()};
}

/// One reap: every condition again, drain, stop, retire the user, remove what is left.
class Reap {
 public:
  Reap(app::Context& context, Mark mark, const ReapOptions& options, const Deadline& deadline)
      : context_(context),
        mark_(std::move(mark)),
        set_(mark_.set),
        options_(options),
        deadline_(deadline),
        outcome_(context, "reap", set_, options.dry_run) {
    outcome_.why(mark_.why);
  }

  bool run() {
    if (auto done = act(); !done) outcome_.fail_with(done.error());
    outcome_.write();
    return outcome_.ok();
  }

 private:
  Result<> act() {
    if (mark_.at && *mark_.at - now() > k_clock_slack)
      return fail(ExitCode::refused,
                  "refused: the mark is from the future; are the clocks right? Run cdctl ls | "
                  "cdctl stale again");
    if (mark_.at && now() - *mark_.at > k_mark_age)
      return fail(ExitCode::refused,
                  fmt::format("refused: the mark is {} old; run cdctl ls | cdctl stale again",
                              to_age(now() - *mark_.at)));
    fleet::Fleet fleet(context_);
    fleet.load({set_.service}, deadline_);
    auto* view = fleet.service(set_.service);
    const auto* set = view ? view->set(set_) : nullptr;
    if (view && view->error)
      return fail(ExitCode::unknown, fmt::format("nothing is done: {}", view->error->what));
    if (!set) {
      outcome_.set("absent", true);  // what cannot be found any more is already done
      return {};
    }
    CDCTL_TRY_ASSIGN(engine_, context_.engine(view->config->engine));
    if (!set->status)
      return fail(ExitCode::refused, fmt::format("it lives in home {}; reap it there", set->home));
    // Killed in the middle of a reap that was allowed: then nobody of it gets in any more.
    const bool drained = context_.broker_switches(*view->config).empty() ||
                         set->cut.value_or(false) || !set->memory.provisioned;
    const bool unfinished = set->state == "reaping" && drained;
    if (!unfinished) CDCTL_TRY(check_again(*view, *set));
    if (outcome_.dry_run()) {
      outcome_.changed();
      return {};
    }
    CDCTL_TRY_ASSIGN(memory_, context_.memory(context_.memory_name(*view->config)));
    if (!unfinished) CDCTL_TRY(drain(*view->config));
    return remove(*view->config);
  }

  Result<> check_again(const fleet::ServiceView& view, const fleet::SetView& set) {
    if (mark_.policy) {
      std::vector<Candidate> sets;
      std::size_t ours = 0;
      for (const auto& other : view.sets) {
        if (other.name == set_) ours = sets.size();
        sets.push_back(candidate_from(other));
      }
      const auto judgement = judge(sets, *mark_.policy, now())[ours];
      if (!judgement.stale)
        return fail(ExitCode::refused,
                    fmt::format("refused: it is not stale any more: {}", judgement.why));
    } else if (set.newest && !options_.even_newest) {
      return fail(ExitCode::refused,
                  "refused: it is the newest set, and without it the same revision would be "
                  "offered again; --even-newest reaps it");
    }
    if (set.state == "deploying") return fail(ExitCode::refused, "refused: it is being deployed");
    return guard(view, set);
  }

  Result<> guard(const fleet::ServiceView& view, const fleet::SetView& set) {
    if (options_.even_last || set.cut.value_or(false)) return {};
    CDCTL_TRY_ASSIGN(const auto live, live_units(context_, view, deadline_));
    const auto own = live.find(set_.str());
    if (own == live.end() || own->second == 0)
      return {};  // it serves nobody now, whatever its state is called
    return guard_min_live(*view.config, set_, live);
  }

  /// No new connections from here on; what the workers hold they may finish. Under the service's
  /// lock, with the guard once more, so that two reapers do not take the last two sets.
  Result<> drain(const ServiceConfig& service) {
    CDCTL_TRY_ASSIGN(lock_, memory_->lock(set_.service, deadline_));
    fleet::Fleet fleet(context_);
    fleet.load({set_.service}, deadline_);
    const auto* view = fleet.service(set_.service);
    const auto* set = view ? view->set(set_) : nullptr;
    if (!set) return {};
    if (set->state != "reaping") CDCTL_TRY(guard(*view, *set));
    for (const auto& name : context_.broker_switches(service)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY_ASSIGN(const auto step, broker->drain(set_, deadline_));
      if (step.changed) outcome_.changed();
    }
    crash_point("reap.drained");
    // A broker's limit already says that this set does not count any more. Without one the lock is
    // held until the engine says so.
    if (!context_.broker_switches(service).empty()) lock_.reset();
    return {};
  }

  Result<> remove(const ServiceConfig& service) {
    if (!outcome_.step(service.engine, engine_->stop(set_, options_.grace, deadline_))) return {};
    lock_.reset();
    crash_point("reap.stopped");
    for (const auto& name : context_.broker_switches(service)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      if (!outcome_.step(name, broker->retire(set_, deadline_))) return {};
      crash_point("reap.retired");
    }
    CDCTL_TRY(bury());
    crash_point("reap.buried");
    outcome_.step(service.engine, engine_->destroy(set_, deadline_));
    crash_point("reap.destroyed");
    return {};
  }

  /// Leaves the tombstone: its sources make the revision deployable again.
  Result<> bury() {
    CDCTL_TRY_ASSIGN(const auto known, memory_->read(set_.service, deadline_));
    const auto at = known.find(set_.str());
    if (at == known.end() || !at->second.set || at->second.set->reaped_at) return {};
    auto memo = *at->second.set;
    memo.reaped_at = now();
    return memory_->put_set(memo, deadline_);
  }

  app::Context& context_;
  Mark mark_;
  SetName set_;
  ReapOptions options_;
  Deadline deadline_;
  Outcome outcome_;
  Engine* engine_ = nullptr;
  Memory* memory_ = nullptr;
  std::unique_ptr<ServiceLock> lock_;
};

}  // namespace

bool reap_set(app::Context& context, Mark mark, const ReapOptions& options,
              const Deadline& deadline) {
  return Reap(context, std::move(mark), options, deadline).run();
}

}  // namespace cdctl::actions
