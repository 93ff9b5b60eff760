#include <algorithm>
#include <utility>

#include "core/breaker/breaker.hpp"

namespace cdctl::breaker {

using State = Reading::State;

/// The first rule that holds and has stood for long enough; one that was chosen stays. Whether one
/// was chosen that was not before.
bool Breaker::choose(BreakerSet& set, Time clock) {
  const auto stood = [&](std::size_t i) {
    const auto& state = set.rules[i];
    return state.bad() && (set.bad == static_cast<int>(i) ||
                           clock - state.since >= wait_of(set, set.service->rules[i], clock));
  };
  if (set.bad >= 0 && stood(static_cast<std::size_t>(set.bad))) return false;
  const auto before = std::exchange(set.bad, -1);
  for (std::size_t i = 0; i < set.rules.size() && set.bad < 0; ++i)
    if (stood(i)) set.bad = static_cast<int>(i);
  return before < 0 && set.bad >= 0;
}

bool Breaker::turned_bad(BreakerSet& set, Time clock) {
  if (set.bad < 0 && !set.suspicious) return false;  // no rule holds
  ++looks_;
  if (!choose(set, clock)) return false;
  read(set, static_cast<std::size_t>(set.bad), clock);  // a comparison may be some seconds old
  (void)choose(set, clock);
  if (set.bad < 0) return false;
  set.turned = clock;
  set.service->turned = std::max(set.service->turned, clock);
  return true;
}

/// One set, of which a rule turned. Where that is true of all sets now, all are concluded about;
/// that something is no longer true of all waits for the next sweep, so that this costs the same
/// however many there are.
void Breaker::judge(BreakerSet& set, Time clock) {
  auto& service = *set.service;
  if (turned_bad(set, clock) && everywhere(clock) && is_sure(set, clock)) {
    if (!everywhere_) {
      begin_everywhere(service, clock);
      return conclude_all(service, clock);
    }
    set.in_outage = set.in_outage || (service.heard && set.share.lately);
    recount(set);
  }
  if (service.blocked) return;
  const bool all = everyone(service, clock);
  if (service.unsure) return;  // the next sweep knows
  if (all && !service.everyone) return conclude_all(service, clock);
  if (!all && service.everyone) {
    service.ending = true;
    excuse(set, clock);
  }
  conclude(set, all, clock);
}

void Breaker::judge(BreakerService& service, Time clock) {
  bool turned = false;
  for (auto* set : service.sets) turned = turned_bad(*set, clock) || turned;
  if (turned && !everywhere_ && everywhere(clock) &&
      std::ranges::any_of(service.sets, [&](const BreakerSet* set) {
        return set->bad >= 0 && set->share.lately && is_sure(*set, clock);
      }))
    begin_everywhere(service, clock);
  conclude_all(service, clock);
}

/// Those that were blamed before the others showed the same are concluded about again.
void Breaker::begin_everywhere(const BreakerService& last, Time clock) {
  look_everywhere(clock);
  for (auto& [name, other] : services_)
    if (other.get() != &last) conclude_all(*other, clock);
}

void Breaker::conclude_all(BreakerService& service, Time clock) {
  if (service.blocked) return;
  const bool all = everyone(service, clock);
  if (service.unsure) return;
  const bool ended = std::exchange(service.ending, false) || (service.everyone && !all);
  service.everyone = all;
  if (ended)
    for (auto* set : service.sets) excuse(*set, clock);
  for (auto* set : service.sets) conclude(*set, all, clock);
}

void Breaker::conclude(BreakerSet& set, bool everyone, Time clock) {
  ++looks_;
  const bool alone = set.bad >= 0 && set.rules[static_cast<std::size_t>(set.bad)].by_peers;
  if (everyone && !alone && fresh(set, clock)) {
    for (std::size_t i = 0; i < set.rules.size(); ++i)
      if (auto& rule = set.rules[i]; rule.bad() || rule.state == State::shared)
        rule.excused_until = clock + set.service->rules[i].window;
    bool stood = set.bad >= 0;
    for (std::size_t i = 0; i < set.rules.size() && !stood; ++i)
      if (const auto& wanted = set.service->rules[i]; set.rules[i].state == State::shared)
        stood = clock - set.rules[i].since >= std::max(wanted.hold, wanted.settle);
    if (stood) say(set, Verdict::undecided, "everyone", Crowd::service, clock);
    return;
  }
  if (waits_for_many(set, clock)) {
    held_since_ = std::min(held_since_.value_or(Time::max()), std::max(set.trouble, set.turned));
    return;  // a sweep looks again
  }
  if (set.bad >= 0) return blame(set, clock);
  if (set.any(State::bad)) return;  // it has not stood for long enough
  if (set.any(State::too_few) && set.circuit == CircuitState::closed)
    return say(set, Verdict::undecided, "too few", Crowd::none, clock);
  relax(set, clock);
}

void Breaker::blame(BreakerSet& set, Time clock) {
  if (ask_begun(set, set.last_received, clock)) {
    (void)choose(set, clock);
    if (set.bad < 0) return;  // what is left of it may yet stand for long enough
  }
  const auto force = force_of(set);
  if (set.in_outage && force != Force::State::open)
    return say(set, Verdict::undecided, "everywhere", Crowd::everywhere, clock);
  if (force == Force::State::closed)
    return say(set, Verdict::undecided, "forced-closed", Crowd::none, clock);
  if (force == Force::State::observe)
    return say(set, Verdict::undecided, "observe-only", Crowd::none, clock);
  open(set, force == Force::State::open ? "forced-open" : "", clock);
}

std::optional<Force::State> Breaker::force_of(const BreakerSet& set) const {
  if (!hooks_.force_of) return {};
  const auto force = hooks_.force_of(set.name);
  return force ? std::optional(force->state) : std::nullopt;
}

void Breaker::open(BreakerSet& set, std::string_view why, Time clock) {
  // Said again for what came after its open time: somebody may have mended it meanwhile.
  const bool again = set.circuit == CircuitState::open && clock >= set.open_until &&
                     set.rules[static_cast<std::size_t>(set.bad)].window.last() >= set.open_until;
  if (set.circuit == CircuitState::open && !again) {
    // And where it was said of what was long past, while we caught up: it goes on now.
    const bool goes_on = set.too_late && !too_old(set, last_evidence(set, clock));
    return say(set, Verdict::unhealthy, why, Crowd::none, clock, goes_on);
  }
  if (set.circuit == CircuitState::closed && set.times > 0)
    set.times -=
        static_cast<int>(std::min<std::int64_t>((clock - set.calm_since) / k_decay, set.times));
  set.times = std::min(set.times + 1, 16);
  set.circuit = CircuitState::open;
  const auto base = std::min<Millis>(k_open * (std::int64_t{1} << (set.times - 1)), k_longest_open);
  // Many breakers must not come back at once, and a replay must say the same: the jitter is the
  // set's own.
  const auto dice = static_cast<std::int64_t>(std::hash<std::string_view>()(set.text) +
                                              static_cast<std::size_t>(set.times) * 7919) &
                    0xff;
  set.open_until = clock + base + base * dice / (256 * 5);
  say(set, Verdict::unhealthy, why, Crowd::none, clock, true);
}

bool Breaker::too_old(const BreakerSet& set, Time last) const {
  return hooks_.too_old && hooks_.too_old(set.name, last);
}

/// Of what is said of the set now.
Time Breaker::last_evidence(const BreakerSet& set, Time clock) const {
  return set.bad < 0 ? clock : set.rules[static_cast<std::size_t>(set.bad)].window.last();
}

/// No rule holds any more.
void Breaker::relax(BreakerSet& set, Time clock) {
  if (set.circuit == CircuitState::open) {
    set.circuit = CircuitState::half_open;
    set.half_since = clock;
    set.half_ok = 0;
  }
  if (set.circuit == CircuitState::half_open) {
    if (clock < set.open_until || (clock - set.half_since < k_trial && set.half_ok < k_trial_work))
      return;
    if (force_of(set) == Force::State::open) return;
    set.circuit = CircuitState::closed;
    set.calm_since = clock;
  }
  if (set.said != Verdict::error) say(set, Verdict::healthy, "", Crowd::none, clock);
}

void Breaker::say(BreakerSet& set, Verdict verdict, std::string_view why, Crowd crowd, Time clock,
                  bool repeat) {
  const bool same = verdict == set.said && why == set.said_why;
  if (same && verdict == Verdict::undecided)
    repeat = clock - set.said_at >= k_again && set.said_times < k_escalate;
  if (same && verdict == Verdict::error && set.said_times >= k_escalate) return;
  if (same && !repeat) return;
  set.said_times = same ? set.said_times + 1 : 1;
  set.said = verdict;
  set.said_why = why;
  set.said_at = clock;
  ++set.said_count;
  recount(set);
  if (verdict == Verdict::unhealthy) set.said_last = last_evidence(set, clock);
  ever_unhealthy_ = ever_unhealthy_ || verdict == Verdict::unhealthy;
  if (verdict != Verdict::healthy) wake(set);
  const bool late = too_old(set, verdict == Verdict::unhealthy ? last_evidence(set, clock) : clock);
  set.too_late = late && verdict == Verdict::unhealthy;
  // What was judged before we started is not said again, unless somebody may have died over it.
  if (!(late && replaying_)) emit(set, crowd, clock);
}

}  // namespace cdctl::breaker
