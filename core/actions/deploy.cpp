#include "core/actions/deploy.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include <cdctl/returns.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/actions/deploy_wait.hpp"
#include "core/actions/guard.hpp"
#include "core/actions/landings.hpp"
#include "core/actions/left_stopped.hpp"
#include "core/actions/release.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/actions/turned_from.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

namespace {

constexpr Millis k_halt{20'000};
constexpr std::size_t k_tombstones = 100;  // that a service leaves

/// One deploy from the claim to the started units.
class Deployment {
 public:
  Deployment(app::Context& context, const DeployOrder& order, const DeployOptions& options,
             const Deadline& deadline)
      : context_(context),
        order_(order),
        service_(*order.service),
        set_(order.name()),
        even_bad_(order.even_bad || options.even_bad),
        even_held_(options.even_held),
        wait_(options.wait),
        settle_(options.settle),
        deadline_(deadline),
        outcome_(context, "deploy", set_, options.dry_run),
        transaction_(context, set_, outcome_, k_no_boundaries, deadline) {
    outcome_.why(order.why);
  }

  bool run() {
    auto done = act();
    if (!done && claim_ && making_) fall_back(done.error());
    claim_.reset();
    // Out it stays, whatever comes of the wait. One that was ended, or over, says nothing against
    // the deploy; a set that was cut or reaped meanwhile does.
    Result<> waited;
    if (done) {  // now: a stop that ends the wait leaves no time to ask a source
      tell_landings(context_, set_, order_.sources, transaction_.memory(), deadline_, outcome_);
      tell_commits(context_, service_, set_, order_.sources, deadline_, outcome_);
    }
    if (done && wait_ && !outcome_.dry_run()) {
      waited = wait_until_up(context_, service_, set_, settle_, deadline_);
      outcome_.set("wait", wait_json(waited));
      if (!waited && !only_gave_up(waited.error())) done = std::exchange(waited, {});
    }
    if (!done) outcome_.fail_with(done.error());
    outcome_.write();
    if (!waited) context_.report(waited.error().in(set_.str()));
    return outcome_.ok() && waited;
  }

 private:
  static bool only_gave_up(const Error& error) {
    return error.exit == ExitCode::interrupted || error.exit == ExitCode::timeout;
  }

  /// How a wait ended, for the record: what exit code it gave the command, and why.
  static Json wait_json(const Result<>& waited) {
    auto out = Json::object({{"served", waited.has_value()}});
    if (!waited)
      out.set("exit", static_cast<std::int64_t>(waited.error().exit))
          .set("why", waited.error().what);
    return out;
  }

  /// Units of a deploy that failed (its own verify, say) take no more work; what it made stays for
  /// people to look at.
  void fall_back(const Error& error) {
    if (auto halted = claim_->halt(Deadline(k_halt)); !halted)
      context_.log(Level::warning, fmt::format("{}: {}", set_.str(), halted.error().what));
    claim_->abandon(error.what);
  }

  Result<> act() {
    CDCTL_TRY_ASSIGN(engine_, context_.engine(service_.engine));
    CDCTL_TRY(transaction_.open(&service_));
    CDCTL_TRY_ASSIGN(auto* const deployer, context_.deployer(service_.deployer));
    CDCTL_TRY(transaction_.read());
    CDCTL_TRY(check_owner());
    CDCTL_TRY(check_bad());
    CDCTL_TRY(check_holds());
    CDCTL_TRY(check_makeable());
    for (const auto& name : context_.broker_switches(service_)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY(check_with(*broker));
      CDCTL_TRY_ASSIGN(auto limits, broker->delivery_limits(service_, deadline_));
      delivery_limits_.merge(limits);
    }
    CDCTL_TRY(tell_returns());
    if (outcome_.dry_run()) return dry();
    CDCTL_TRY(turn_from(context_, transaction_.memory(), set_, order_.turned_from, held_out_,
                        begun_, deadline_));
    // A set that this home has lost is as old as it was.
    const auto since = owned() ? transaction_.entry()->set->deployed_at : begun_;
    CDCTL_TRY_ASSIGN(claim_, engine_->claim(set_, order_.sources, since, deadline_));
    crash_point("deploy.claimed");
    if (claim_->found().state == "live") {
      CDCTL_TRY_ASSIGN(const bool whole, restore());
      if (whole) return {};
    }
    CDCTL_TRY(check_lost());
    const bool whole = may_revive();
    if (order_.unmakeable && !whole) return fail(*order_.unmakeable);
    making_ = true;
    context_.progress(fmt::format("{}: deploying", set_.str()));
    if (!whole) CDCTL_TRY(claim_->clean(deadline_));
    CDCTL_TRY(remember());
    crash_point("deploy.remembered");
    CDCTL_TRY_ASSIGN(auto env, transaction_.provision(*claim_));
    crash_point("deploy.provisioned");
    add_identity(env);
    CDCTL_TRY(keep_singletons(since));
    CDCTL_TRY_ASSIGN(const bool revived, whole ? claim_->revive(env, deadline_) : false);
    if (whole && !revived) CDCTL_TRY(claim_->clean(deadline_));
    if (!revived) CDCTL_TRY(make(*deployer, std::move(env)));
    crash_point("deploy.started");
    CDCTL_TRY(claim_->finish());
    crash_point("deploy.finished");
    // It is out: what a guard would like to know as well is no reason to take it back.
    if (auto noted = note_units(); !noted)
      context_.log(Level::warning, fmt::format("{}: how many units it has could not be noted: {}",
                                               set_.str(), noted.error().what));
    outcome_.changed();
    const auto& entry = transaction_.entry();
    const bool fresh = claim_->found().state == "absent" && !(entry && entry->cut_memo);
    return fresh ? Result<>() : start_stopped(context_, service_, set_, transaction_, outcome_);
  }

  /// The memory says that it is this home's, and this home has nothing of it. What works all the
  /// same would lose its user to a second copy: a state folder that was lost below running units,
  /// or a set of another machine that has this one's name.
  Result<> check_lost() {
    const auto& entry = transaction_.entry();
    if (claim_->found().state != "absent" || !owned() || !entry->provisioned) return {};
    const auto open = transaction_.connections();
    if (open && *open == 0) return {};
    leave_nothing();
    if (!open) return std::unexpected(open.error());
    return fail(
        ExitCode::refused,
        fmt::format("refused: home {} has nothing of it, and {} of its units are open; does "
                    "another machine have this one's name, or was the state folder lost? "
                    "End what works, or cut it: cdctl break {}",
                    engine_->home(), plural(*open, "connection"), set_.str()));
  }

  /// It is live: another deploy of the same set was quicker, or nothing is to be done but to put
  /// back what is missing around it. False when its units must be started anew for that.
  Result<bool> restore() {
    CDCTL_TRY(transaction_.read());
    CDCTL_TRY(check_owner());
    CDCTL_TRY_ASSIGN(const auto wrong, wrong_rights());
    if (locked_out() || !wrong.empty()) {
      for (const auto& name : transaction_.givers()) {
        CDCTL_TRY_ASSIGN(const auto secret, claim_->load_secret(name));
        if (!secret) return false;  // what its units hold is not known any more
      }
      CDCTL_TRY(remember());
      CDCTL_TRY(transaction_.provision(*claim_));
      crash_point("deploy.let_in");
      if (wrong.empty())
        outcome_.set("let_in", true);
      else
        outcome_.set("rights", wrong);
      outcome_.changed();
    } else if (adopt_) {
      CDCTL_TRY(remember());
      outcome_.changed();
    }
    CDCTL_TRY(start_stopped(context_, service_, set_, transaction_, outcome_));
    return true;
  }

  /// What the broker gave the set is gone, so that none of its units gets in.
  [[nodiscard]] bool locked_out() {
    const auto brokers = context_.broker_switches(service_);
    const auto& entry = transaction_.entry();
    return std::ranges::find(brokers, context_.memory_name(service_)) != brokers.end() &&
           !(entry && entry->provisioned);
  }

  /// What is out there, and has a user, comes back also where the file or the broker are not as a
  /// new set needs them: nobody decided that it is down.
  Result<> check_with(Switch& broker) {
    auto fit = broker.check(service_, deadline_);
    const auto& entry = transaction_.entry();
    const bool refused =
        !fit && (fit.error().exit == ExitCode::config || fit.error().exit == ExitCode::refused);
    if (!refused || !owned() || !entry->provisioned) return fit;
    context_.log(Level::warning, fit.error().what + "; a new set will be refused for that");
    return {};
  }

  /// What somebody has changed of its rights on its brokers.
  Result<std::string> wrong_rights() {
    const auto& entry = transaction_.entry();
    if (!entry || !entry->provisioned) return std::string();
    const auto set = fleet::provisioned(service_, set_, *entry);
    std::vector<std::string> out;
    for (const auto& name : transaction_.givers()) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY_ASSIGN(const auto wrong, broker->wrong_rights(std::span(&set, 1), deadline_));
      for (const auto& [whose, what] : wrong) out.push_back(what);
    }
    return joined(out, "; ");
  }

  /// Queues on which a few cuts would have messages given up.
  Result<> tell_returns() {
    if (delivery_limits_.empty()) return {};
    CDCTL_TRY_ASSIGN(const auto known, transaction_.memory().read(service_.name, deadline_));
    std::int64_t cuts = 0;
    for (const auto& [name, entry] : known)
      if (entry.cut_memo) cuts += recent_cuts(*entry.cut_memo, now());
    for (const auto& [queue, limit] : delivery_limits_)
      if (const ReturnsLeft left{queue, limit, cuts}; left.near())
        context_.log(Level::warning, fmt::format("{}: {}", service_.name, left.text()));
    return {};
  }

  /// What was complete and fell, with its machine perhaps, is started again as it is: it waits for
  /// no source and no build. If that led nowhere it is made anew.
  [[nodiscard]] bool may_revive() const {
    const auto& found = claim_->found();
    return found.state == "down" && (found.attempts == 0 || order_.unmakeable);
  }

  Result<> make(Deployer& deployer, std::map<std::string, std::string> env) {
    if (order_.unmakeable) return fail(*order_.unmakeable);
    const auto run_once = [this](const Workload& workload, const Hide& hide) {
      return Release(context_, set_, transaction_, outcome_, deadline_)
          .run(*claim_, workload, hide);
    };
    return deployer.deploy({service_, set_, order_.sources, std::move(env), deadline_, run_once},
                           *claim_);
  }

  Result<> dry() {
    for (const auto& newer : order_.turned_from) say_turned_from(context_, newer, true);
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    CDCTL_TRY_ASSIGN(const auto wrong, wrong_rights());
    CDCTL_TRY_ASSIGN(const bool stopped, left_stopped(context_, service_, set_, transaction_));
    if (found.state != "live" || locked_out() || !wrong.empty() || stopped || adopt_)
      outcome_.changed();
    return {};
  }

  Result<> check_owner() {
    const auto& entry = transaction_.entry();
    if (!owned() || entry->set->home == engine_->home()) return {};
    const auto& owner = entry->set->home;
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (std::ranges::find(found.homes, owner) == found.homes.end())
      return fail(ExitCode::refused,
                  fmt::format("it is owned by home {}, this one is {}; deploy or reap it there, or "
                              "if that home is gone for good: cdctl reap {} --gone-home {}",
                              owner, engine_->home(), set_.str(), owner));
    // Made here, when this home had another name; or this home is a copy of that one, which only a
    // person can tell.
    if (order_.by_record)
      return fail(ExitCode::refused,
                  fmt::format("it is owned by home {}, this one is {} and has it too; if that is "
                              "its new name, cdctl deploy {}@{} takes the set over",
                              owner, engine_->home(), set_.service, set_.revision));
    adopt_ = true;
    return {};
  }

  /// Whether the memory knows the set, and not only its tombstone.
  [[nodiscard]] bool owned() const {
    const auto& entry = transaction_.entry();
    return entry && entry->set && !entry->set->reaped_at;
  }

  Result<> check_bad() {
    const auto& entry = transaction_.entry();
    if (!entry || !entry->cut_memo || !entry->cut_memo->cut || entry->provisioned) return {};
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (found.state != "absent") return {};  // a repair: it stays cut
    const auto& memo = *entry->cut_memo;
    if (!even_bad_)
      return fail(ExitCode::refused,
                  fmt::format("it is known to be bad (cut by {}: {}); --even-bad deploys it",
                              memo.by, printable(memo.why, 120)));
    pardon_ = memo;
    return {};
  }

  /// Somebody may have refused it while the claim was made.
  Result<> check_bad_again() {
    const auto& entry = transaction_.entry();
    if (pardon_ || !entry || !entry->cut_memo || !entry->cut_memo->cut || entry->provisioned ||
        claim_->found().state != "absent")
      return {};
    return fail(ExitCode::refused,
                fmt::format("it was called bad just now by {}: {}", entry->cut_memo->by,
                            printable(entry->cut_memo->why, 120)));
  }

  Result<> check_holds() {
    if (even_held_) return {};
    CDCTL_TRY_ASSIGN(const auto all,
                     fleet::hold_of(transaction_.memory(), service_.name, deadline_));
    if (all) CDCTL_TRY(check_hold(*all, "deploys of " + service_.name + " are held", true));
    CDCTL_TRY_ASSIGN(const auto own, fleet::hold_of(transaction_.memory(), set_.str(), deadline_));
    if (own) CDCTL_TRY(check_hold(*own, set_.str() + " is held out", false));
    held_out_ = own && !order_.by_record;
    return {};
  }

  /// A freeze stops what comes down a pipe, but for what has fallen; who names a service does it
  /// all the same, and is told.
  Result<> check_hold(const Hold& hold, std::string_view what, bool repairs) {
    if (!order_.by_record) {
      context_.out.note(fmt::format("{}: {} {}; deployed all the same, for it was named",
                                    service_.name, what, fleet::held_text(hold)));
      return {};
    }
    if (repairs && !hold.retiring) {
      CDCTL_TRY_ASSIGN(const bool there, fallen());
      if (there) return {};
    }
    return fail(ExitCode::refused,
                fmt::format("refused: {} {}; cdctl resume {} lifts that, --even-held deploys it",
                            what, fleet::held_text(hold), service_.name));
  }

  /// Whether the set was live once and is down, or this home has lost it: a record only says so.
  Result<bool> fallen() {
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (found.state == "absent") return owned();
    if (found.state == "live") {
      CDCTL_TRY_ASSIGN(const auto wrong, wrong_rights());
      CDCTL_TRY_ASSIGN(const bool stopped, left_stopped(context_, service_, set_, transaction_));
      return stopped || locked_out() || !wrong.empty();
    }
    return found.served && (found.state == "down" || found.state == "partial");
  }

  /// Whose sources cannot be had any more can only be started again as it is.
  Result<> check_makeable() {
    if (!order_.unmakeable) return {};
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (found.state == "down" || found.state == "live") return {};
    return fail(*order_.unmakeable);
  }

  /// Writes who owns the set, before anything is made for it. The lock keeps two homes from both
  /// believing so.
  Result<> remember() {
    CDCTL_TRY(transaction_.lock());
    auto done = remember_locked();
    transaction_.unlock();
    return done;
  }

  Result<> remember_locked() {
    CDCTL_TRY(transaction_.read());
    if (auto ours = check_owner(); !ours) {
      leave_nothing();
      return ours;
    }
    if (auto good = check_bad_again(); !good) {
      leave_nothing();
      return good;
    }
    if (pardon_) {
      pardon_->cut = false;
      pardon_->mended_at = begun_;
      CDCTL_TRY(transaction_.note(*pardon_));
    }
    if (owned()) noted_units_ = transaction_.entry()->set->units;
    if (owned() && adopt_) return adopt();
    if (owned()) return {};
    SetMemo memo{set_,
                 service_.engine,
                 engine_->home(),
                 order_.sources,
                 claim_->found().deployed_at.value_or(begun_),
                 0,
                 {},
                 {},
                 service_.min_live};
    if (const auto& entry = transaction_.entry(); entry && entry->set) {
      memo.first_deployed_at = entry->set->first_deployed_at.value_or(entry->set->deployed_at);
      memo.release_begun = entry->set->release_begun;
      memo.released_at = entry->set->released_at;
    }
    memo.delivery_limits = delivery_limits_;
    noted_units_ = memo.units = workers_of(service_.units);
    CDCTL_TRY(transaction_.prove_lock());  // or another home may have become the owner meanwhile
    CDCTL_TRY(transaction_.memory().put_set(memo, deadline_));
    return transaction_.memory().trim(service_.name, k_tombstones, deadline_);
  }

  /// Another home was quicker. What is here would be taken for a set that failed; what has served
  /// is a person's to judge.
  void leave_nothing() {
    if (claim_->found().served) return;
    SetTransaction undo(context_, set_, outcome_, k_no_boundaries, Deadline(k_halt),
                        Report::nothing);
    auto gone = undo.open(&service_);
    if (gone) gone = undo.discard(std::move(claim_));
    claim_.reset();
    if (!gone)
      context_.log(Level::warning,
                   fmt::format("{}: what this deploy made could not be removed: {}; cdctl reap {} "
                               "removes it, and nothing of the other home's",
                               set_.str(), gone.error().what, set_.str()));
  }

  /// The set stays as it is; the memory learns the new name of its home.
  Result<> adopt() {
    auto memo = *transaction_.entry()->set;
    context_.out.note(fmt::format("{}: taken over from home {}", set_.str(), memo.home));
    memo.home = engine_->home();
    return transaction_.memory().put_set(memo, deadline_);
  }

  /// A guard counts no more at work than these: a singleton's work is not what it counts.
  std::int64_t workers_of(const UnitCounts& units) const {
    const auto singletons = service_.singletons();
    std::int64_t out = 0;
    for (const auto& [process, count] : units)
      if (!singletons.contains(process)) out += count;
    return out;
  }

  /// How many units the set really has: a guard counts no more than these. Its file may name none,
  /// or others than when the memory was written; it may have been scaled since, and lost that.
  Result<> note_units() {
    CDCTL_TRY_ASSIGN(const auto status, engine_->describe(set_, deadline_));
    auto units = service_.units.empty() ? status.want : std::nullopt;
    if (!units && !status.processes.empty()) units = workers_of(status.processes);
    if (!units || *units == noted_units_) return {};
    CDCTL_TRY(transaction_.read());
    const auto& entry = transaction_.entry();
    if (!entry || !entry->set || entry->set->units == *units) return {};
    auto memo = *entry->set;
    memo.units = *units;
    return transaction_.memory().put_set(memo, deadline_);
  }

  /// The first of the brokers arbitrates: a lock on each would be no lock. The order of deploys is
  /// that of their times.
  Result<> keep_singletons(Time since) {
    const auto brokers = context_.broker_switches(service_);
    for (const auto& process : service_.singletons()) {
      if (brokers.empty())
        return fail(ExitCode::config,
                    fmt::format("{}: units.{}: there is no broker to agree on who "
                                "runs the one of the service",
                                service_.file.string(), process));
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(brokers.front()));
      CDCTL_TRY_ASSIGN(const auto keeper,
                       broker->keeper(service_, set_, process, since.time_since_epoch().count()));
      CDCTL_TRY(claim_->keep(process, keeper));
    }
    return {};
  }

  void add_identity(std::map<std::string, std::string>& env) {
    env["CDCTL_SERVICE"] = service_.name;
    env["CDCTL_REVISION"] = set_.revision;
    env["CDCTL_SET"] = set_.str();
    env["CDCTL_HOME"] = context_.home().string();
    // Without AMQP_URL a unit's `cdctl signal` finds the feed through the configuration.
    if (!env.contains("AMQP_URL")) env["CDCTL_CONFIG"] = context_.config().file.string();
  }

  app::Context& context_;
  const DeployOrder& order_;
  const ServiceConfig& service_;
  SetName set_;
  std::map<std::string, std::int64_t> delivery_limits_;
  bool even_bad_, even_held_, wait_;
  std::optional<Millis> settle_;
  bool adopt_ = false;   ///< it is owned by this home under an earlier name
  bool making_ = false;  ///< its units are being stopped and started: what fails takes them back
  Deadline deadline_;
  Outcome outcome_;
  SetTransaction transaction_;
  Time begun_ = now();
  Engine* engine_ = nullptr;
  std::unique_ptr<Claim> claim_;
  std::optional<CutMemo> pardon_;
  std::int64_t noted_units_ = 0;
  bool held_out_ = false;  ///< and is not any more, for it was named
};

}  // namespace

bool deploy_set(app::Context& context, const DeployOrder& order, const DeployOptions& options,
                const Deadline& deadline) {
  return Deployment(context, order, options, deadline).run();
}

}  // namespace cdctl::actions
