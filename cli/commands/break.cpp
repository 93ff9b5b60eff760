#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/input/targets.hpp"
#include "core/actions/guard.hpp"
#include "core/actions/outcome.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_slow{2000}, k_undo{10'000};

/// Why a set is to be cut, and how fresh the evidence is.
struct Cause {
  std::string why;
  std::optional<Time> last_evidence;  ///< empty: a person said so
};

/// One cut: guards, memory, switches, and the count again.
class Cut {
 public:
  Cut(Context& context, SetName set, Cause cause, const Arguments& args, const Deadline& deadline)
      : context_(context),
        set_(std::move(set)),
        cause_(std::move(cause)),
        deadline_(deadline),
        outcome_(context, "break", set_, args.has("dry-run")) {
    const auto last = args.values("even-last");
    even_last_ = std::ranges::find(last, set_.str()) != last.end();
    outcome_.why(cause_.why);
  }

  void run() {
    if (auto done = act(); !done) outcome_.fail_with(done.error());
    outcome_.write();
  }

 private:
  Result<> act() {
    const auto* configured = context_.config().service(set_.service);
    CDCTL_TRY_ASSIGN(memory_, context_.memory(configured ? context_.memory_name(*configured)
                                                         : context_.memory_name()));
    if (!outcome_.dry_run()) {
      memory_->prefetch_lock(set_.service);  // its hand-shake overlaps with the opening of libcurl
      if (configured && context_.memory_is_remote(*configured)) CDCTL_TRY(context_.http());
      CDCTL_TRY_ASSIGN(lock_, memory_->lock(set_.service, deadline_));
    }
    fleet::Fleet fleet(context_);
    fleet.load_for_cut(set_.service, deadline_);
    auto* view = fleet.service(set_.service);
    if (!view) {
      outcome_.set("absent", true);
      return {};
    }
    const auto* set = view->set(set_);
    if (!set) {
      if (view->error) return std::unexpected(*view->error);
      outcome_.set("absent", true);  // what cannot be found any more is already done
      return {};
    }
    if (const auto reason = too_old(*set); !reason.empty()) {
      outcome_.set("ignored", reason);
      context_.out.note(fmt::format("{}: not cut: {}", set_.str(), reason));
      return {};
    }
    service_ = view->config;
    if (const auto& force = set->memory.force) {
      if (force->state == Force::State::closed)
        return fail(
            ExitCode::refused,
            fmt::format("refused: it is forced closed by {}: {}; cdctl force none {} lifts that",
                        force->by, printable(force->why, 120), set_.str()));
      if (force->state == Force::State::observe && cause_.last_evidence) {
        outcome_.set("ignored", "observe-only");
        context_.out.note(
            fmt::format("{}: would be cut; it is only observed, says {}", set_.str(), force->by));
        return {};
      }
    }
    return cut(*view, *set);
  }

  /// Evidence from before the set was deployed or mended, or from too long ago, does not cut.
  std::string too_old(const fleet::SetView& set) const {
    if (!cause_.last_evidence) return {};
    const auto last = *cause_.last_evidence;
    if (set.deployed_at && last < *set.deployed_at) return "the evidence is older than the set";
    if (set.mended_at && last < *set.mended_at) return "the evidence is older than the mend";
    const auto most = set.service->max_verdict_age;
    if (now() - last > most)
      return fmt::format("the evidence is {} old, max_verdict_age is {}", to_age(now() - last),
                         to_duration(most));
    return {};
  }

  Result<> cut(const fleet::ServiceView& view, const fleet::SetView& set) {
    const bool already = set.cut.value_or(false);
    if (!set.cut && !even_last_)
      return fail(ExitCode::unknown, "whether it is cut could not be read");
    std::map<std::string, std::int64_t> live;
    if (!already && !even_last_) {
      CDCTL_TRY_ASSIGN(live, actions::live_units(context_, view, deadline_));
      CDCTL_TRY(actions::guard_min_live(*service_, set_, live));
      before_ = actions::sum_of(live);
      crash_point("break.counted");
    }
    if (outcome_.dry_run()) {
      if (!already) outcome_.changed();
      return {};
    }
    CutMemo memo{true, context_.actor(), cause_.why, now(), set.memory.limit, {}};
    const bool on_trial = set.memory.cut_memo && set.memory.cut_memo->probation;
    const bool remembered = already && set.memory.cut_memo && set.memory.cut_memo->cut && !on_trial;
    if (on_trial) {  // what was there before the trial; and it is one until nobody gets in
      memo.prev_limit = set.memory.cut_memo->prev_limit;
      memo.probation = set.memory.cut_memo->probation;
    }
    noted_ = std::chrono::steady_clock::now();
    if (!remembered) {
      CDCTL_TRY(memory_->put_cut(set_, memo, deadline_));
      if (!already || on_trial) outcome_.changed();
    }
    crash_point("break.remembered");
    for (const auto& name : context_.broker_switches(*service_)) {
      auto broker = context_.switch_(name);
      if (!broker) return std::unexpected(broker.error());
      if (!outcome_.step(name, (*broker)->cut(set_, cause_.why, deadline_))) return {};
      crash_point("break." + name);
    }
    if (on_trial) {
      memo.probation.reset();
      CDCTL_TRY(memory_->put_cut(set_, memo, deadline_));
    }
    if (!already && !even_last_) {
      CDCTL_TRY_ASSIGN(const bool undone, undo_if_too_many(view, memo));
      if (undone) return {};
    }
    lock_.reset();
    return cut_from_world();
  }

  Result<> cut_from_world() {
    if (!service_->has_switch(service_->engine)) return {};
    CDCTL_TRY_ASSIGN(auto* const engine, context_.engine(service_->engine));
    if (outcome_.step(service_->engine, engine->cut(set_, deadline_))) crash_point("break.world");
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
    CDCTL_TRY_ASSIGN(const auto after, memory_->read(set_.service, deadline));
    std::vector<CutMemo> others;
    for (const auto& set : before.sets) {
      const auto at = after.find(set.name.str());
      if (set.name == set_ || set.cut.value_or(true) || at == after.end()) continue;
      const auto& memo = at->second.cut_memo;
      if (at->second.cut.value_or(false) || (memo && memo->cut))
        others.push_back(memo.value_or(CutMemo{}));
    }
    if (others.empty()) return false;
    fleet::Fleet fleet(context_);
    fleet.load_for_cut(set_.service, deadline);
    CDCTL_TRY_ASSIGN(const auto live,
                     actions::live_units(context_, *fleet.service(set_.service), deadline));
    if (actions::guard_min_live(*service_, set_, live, before_)) return false;
    const bool last = std::ranges::all_of(others, [&](const CutMemo& other) {
      return std::pair(ours.at, ours.by) > std::pair(other.at, other.by);
    });
    const bool slow = std::chrono::steady_clock::now() - noted_ > k_slow;
    if (!last && !slow) return false;  // the other one undoes its own
    auto mended = ours;
    mended.cut = false;
    mended.mended_at = now();
    CDCTL_TRY(memory_->put_cut(set_, mended, deadline));
    for (const auto& name : context_.broker_switches(*service_)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY(broker->mend(set_, ours.prev_limit, deadline));
    }
    outcome_.fail_with({ExitCode::refused,
                        "undone: another breaker cut a set of this service at the same time, and "
                        "less than min_live was left"});
    return true;
  }

  Context& context_;
  SetName set_;
  Cause cause_;
  Deadline deadline_;
  actions::Outcome outcome_;
  bool even_last_ = false;
  std::int64_t before_ = 0;                      ///< units that were live when we counted
  std::chrono::steady_clock::time_point noted_;  ///< just before the memo was written
  const ServiceConfig* service_ = nullptr;
  Memory* memory_ = nullptr;
  std::unique_ptr<ServiceLock> lock_;
};

Result<> break_from_stdin(Context& context, const Arguments& args, Millis timeout) {
  CDCTL_TRY_ASSIGN(auto reader,
                   RecordReader::open(context, "the verdict records of cdctl trip", "name a SET"));
  Unknowns unknowns(context);
  while (auto record = reader.next()) {
    const auto schema = (*record)["schema"].view();
    if (schema == "cdctl.error/1") {
      unknowns.add(*record);
      continue;
    }
    if (schema != "cdctl.verdict/1" || (*record)["verdict"].view() != "unhealthy") {
      reader.skip();
      continue;
    }
    const auto set = parse_set_name((*record)["set"].view());
    const auto last = parse_rfc3339((*record)["evidence"]["last"].view());
    const auto time = parse_rfc3339((*record)["time"].view());
    if (!set || (!last && !time)) {
      context.report(
          {ExitCode::failed, fmt::format("a verdict without a usable set and time ('{}'); skipped",
                                         printable((*record)["set"].view(), 60))});
      continue;
    }
    if (unknowns.blocks(set->service)) continue;
    Cut(context, *set,
        {(*record)["rule"].as_string((*record)["why"].as_string("verdict")), last ? last : time},
        args, Deadline(timeout))
        .run();
  }
  reader.finish("unhealthy verdict");
  return {};
}

}  // namespace

int run_break(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.words.empty()) return break_from_stdin(context, args, timeout);
    CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
    for (const auto& set : targets) {
      if (Stop::requested() || context.out.broken()) break;
      Cut(context, set, {args.value("why", "by hand"), {}}, args, Deadline(timeout)).run();
    }
    return {};
  });
}

}  // namespace cdctl::cli
