#include "core/actions/set_transaction.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <cdctl/digest.hpp>

#include "core/app/brokers.hpp"
#include "core/fleet/late_cut.hpp"

namespace cdctl::actions {

SetTransaction::SetTransaction(app::Context& context, SetName set, Outcome& outcome,
                               const Boundaries& at, const Deadline& deadline, Report report)
    : context_(context),
      set_(std::move(set)),
      outcome_(outcome),
      at_(at),
      deadline_(deadline),
      report_(report) {}

Result<> SetTransaction::open(const ServiceConfig* service) {
  service_.reset();
  if (service) {
    service_ = *service;
    switches_ = context_.broker_switches(*service);
    brokers_ = app::brokers_of(context_, *service);
  }
  CDCTL_TRY_ASSIGN(
      memory_, context_.memory(service ? context_.memory_name(*service) : context_.memory_name()));
  return {};
}

Result<> SetTransaction::open_roles() {
  for (const auto& name : switches_) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    if (!first_switch_) first_switch_ = broker;
  }
  return service_->has_switch(service_->engine) ? open_engine() : Result<>();
}

Result<> SetTransaction::open_engine() {
  CDCTL_TRY(context_.engine(service_->engine));
  return {};
}

Result<> SetTransaction::lock() {
  if (lock_) return {};
  memory_->prefetch_lock(set_.service);  // its hand-shake overlaps with the opening of libcurl
  if (service_ && context_.memory_is_remote(*service_)) CDCTL_TRY(context_.http());
  CDCTL_TRY_ASSIGN(lock_, memory_->lock(set_.service, deadline_));
  return {};
}

Result<> SetTransaction::read() {
  CDCTL_TRY_ASSIGN(auto known, memory_->read(set_.service, deadline_));
  const auto at = known.find(set_.str());
  entry_ = at == known.end() ? std::optional<MemoryEntry>() : std::move(at->second);
  return {};
}

// ---------------------------------------------------------------- the memory

Result<> SetTransaction::note(const std::optional<CutMemo>& memo) {
  if (memo) CDCTL_TRY(memory_->put_cut(set_, *memo, deadline_));
  at_.noted.pass();
  return {};
}

Result<> SetTransaction::close(const CutMemo& memo) {
  return memory_->put_cut(set_, memo, deadline_);
}

Result<> SetTransaction::bury() {
  CDCTL_TRY(read());
  if (entry_ && entry_->set && !entry_->set->reaped_at) {
    auto memo = *entry_->set;
    memo.reaped_at = now();
    CDCTL_TRY(memory_->put_set(memo, deadline_));
  }
  at_.buried.pass();
  return {};
}

// ---------------------------------------------------------------- steps

/// What failed is an error in any case; here is decided who tells of it.
Result<> SetTransaction::tell(const std::string& plugin, Result<Step> step) {
  const auto error = step ? std::optional<Error>() : std::optional(step.error());
  const bool late = error && error->exit == ExitCode::timeout;
  const bool told = report_ == Report::all || (report_ == Report::successes && !error) ||
                    (report_ == Report::unless_late && !late);
  if (told) (void)outcome_.step(plugin, std::move(step));
  return error ? Result<>(std::unexpected(*error)) : Result<>();
}

template <class Act>
Result<> SetTransaction::at_each(const std::vector<std::string>& names, Act&& act) {
  for (const auto& name : names) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY(tell(name, act(*broker)));
    at_.limited.pass(name);
  }
  return {};
}

template <class Act>
Result<> SetTransaction::in_world(const Boundary& after, Act&& act) {
  CDCTL_TRY_ASSIGN(auto* const engine, context_.engine(service_->engine));
  CDCTL_TRY(tell(service_->engine, act(*engine)));
  after.pass();
  return {};
}

// ---------------------------------------------------------------- the broker

Result<> SetTransaction::cut(std::string_view why) {
  return at_each(switches_, [&](Switch& broker) { return broker.cut(set_, why, deadline_); });
}

Result<> SetTransaction::mend(std::optional<std::int64_t> prev_limit) {
  return at_each(brokers_,
                 [&](Switch& broker) { return broker.mend(set_, prev_limit, deadline_); });
}

Result<> SetTransaction::admit(std::int64_t units) {
  return at_each(switches_, [&](Switch& broker) { return broker.admit(set_, units, deadline_); });
}

Result<std::map<std::string, std::string>> SetTransaction::provision(Claim& claim) {
  std::map<std::string, std::string> env;
  for (const auto& name : givers()) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY_ASSIGN(auto secret, claim.load_secret(name));
    if (!secret) {
      secret = random_hex(24);
      // Kept before it is used: a crash in between loses nothing.
      CDCTL_TRY(claim.save_secret(name, *secret));
    }
    CDCTL_TRY_ASSIGN(auto given, broker->provision(*service_, set_, *secret, deadline_));
    env.merge(given);
  }
  return env;
}

Result<> SetTransaction::retire() {
  return at_each(brokers_, [&](Switch& broker) { return broker.retire(set_, deadline_); });
}

Result<std::int64_t> SetTransaction::connections() {
  std::int64_t sum = 0;
  for (const auto& name : brokers_) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY_ASSIGN(const auto open, broker->connections(std::span(&set_, 1), deadline_));
    for (const auto count : open) sum += count;
  }
  return sum;
}

Result<std::optional<SetName>> SetTransaction::connected(const std::vector<SetName>& sets) {
  for (const auto& name : brokers_) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY_ASSIGN(const auto open, broker->connections(sets, deadline_));
    for (std::size_t i = 0; i < sets.size(); ++i)
      if (open[i] > 0) return sets[i];
  }
  return std::optional<SetName>();
}

Result<std::optional<Time>> SetTransaction::up_since() {
  std::optional<Time> out;
  for (const auto& name : brokers_) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY_ASSIGN(const auto since, broker->up_since(set_, deadline_));
    if (since) out = std::max(*since, out.value_or(*since));
  }
  return out;
}

Result<> SetTransaction::drain() {
  for (const auto& name : brokers_) {
    CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
    CDCTL_TRY_ASSIGN(const auto step, broker->drain(set_, deadline_));
    if (step.changed && report_ != Report::nothing) outcome_.changed();
  }
  at_.drained.pass();
  return {};
}

// ---------------------------------------------------------------- the world

Result<> SetTransaction::cut_world() {
  if (!service_->has_switch(service_->engine)) return {};
  return in_world(at_.world, [&](Engine& engine) {
    auto step = engine.cut(set_, deadline_);
    froze_ = froze_ || (step && step->changed);
    return step;
  });
}

Result<> SetTransaction::mend_world(bool thaw) {
  if (!service_->has_switch(service_->engine)) return {};
  CDCTL_TRY(
      in_world(at_.world, [&](Engine& engine) { return engine.mend(set_, thaw, deadline_); }));
  fleet::forget_unfinished_cut(context_, set_);
  return {};
}

Result<> SetTransaction::scale(const UnitCounts& units) {
  at_.begun.pass();
  CDCTL_TRY(
      in_world(at_.world, [&](Engine& engine) { return engine.scale(set_, units, deadline_); }));
  std::int64_t sum = 0;
  for (const auto& [process, count] : units) sum += count;
  CDCTL_TRY(read());
  if (!entry_ || !entry_->set || entry_->set->units == sum) return {};
  auto memo = *entry_->set;
  memo.units = sum;
  CDCTL_TRY(prove_lock());
  outcome_.changed();
  return memory_->put_set(memo, deadline_);
}

Result<> SetTransaction::mend_some() {
  if (!service_->has_switch(service_->engine)) return {};
  return in_world(at_.world, [&](Engine& engine) { return engine.mend_some(set_, deadline_); });
}

Result<SetStatus> SetTransaction::status() {
  CDCTL_TRY_ASSIGN(auto* const engine, context_.engine(service_->engine));
  return engine->describe(set_, deadline_);
}

Result<Stopping> SetTransaction::stop(const Grace& grace) {
  CDCTL_TRY_ASSIGN(auto* const engine, context_.engine(service_->engine));
  auto stopping = engine->begin_stop(set_, grace, deadline_);
  if (!stopping) {
    CDCTL_TRY(tell(service_->engine, fail(stopping.error())));
    return stopping;
  }
  stop_begun_ = stopping->step.changed = stop_begun_ || stopping->step.changed;
  if (!stopping->done) return stopping;
  CDCTL_TRY(tell(service_->engine, stopping->step));
  at_.world.pass();
  return stopping;
}

void SetTransaction::leave(const Stopping& stopping) {
  auto step = stopping.step;
  step.details.set("left", stopping.left);
  (void)tell(service_->engine, std::move(step));
}

Result<> SetTransaction::destroy() {
  CDCTL_TRY(
      in_world(at_.destroyed, [&](Engine& engine) { return engine.destroy(set_, deadline_); }));
  fleet::forget_unfinished_cut(context_, set_);
  return {};
}

Result<> SetTransaction::discard(std::unique_ptr<Claim> claim) {
  return in_world(at_.destroyed, [&](Engine& engine) -> Result<Step> {
    auto gone = claim ? claim->discard(deadline_) : Result<bool>(false);
    claim.reset();
    CDCTL_TRY(gone);
    if (!*gone) {  // an engine that cannot do it under the claim
      CDCTL_TRY(engine.stop(set_, Millis(0), deadline_));
      CDCTL_TRY(engine.destroy(set_, deadline_));
    }
    return Step{service_->engine, true};
  });
}

}  // namespace cdctl::actions
