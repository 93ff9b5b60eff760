#include <algorithm>

#include "core/breaker/breaker.hpp"

namespace cdctl::breaker {

using State = Reading::State;

/// The first rule that holds and has stood for long enough; one that was chosen stays.
void Breaker::choose(BreakerSet& set, Time clock) const {
  const auto stood = [&](std::size_t i) {
    const auto& state = set.rules[i];
    return state.bad() && (set.bad == static_cast<int>(i) ||
                           clock - state.since >= wait_of(set, set.service->rules[i], clock));
  };
  if (set.bad >= 0 && stood(static_cast<std::size_t>(set.bad))) return;
  set.bad = -1;
  for (std::size_t i = 0; i < set.rules.size() && set.bad < 0; ++i)
    if (stood(i)) set.bad = static_cast<int>(i);
}

/// Whether all sets that were heard of lately are bad, those that are about to be found so
/// included.
bool Breaker::everyone(const BreakerService& service, Time clock) const {
  std::size_t heard = 0;
  for (const auto* set : service.sets) {
    if (!fresh(*set, clock)) continue;
    if (!set->in_trouble()) return false;
    ++heard;
  }
  return heard >= 2;
}

/// Whether sets of many services, and of most of those that were heard of, went bad at about the
/// same time.
void Breaker::look_everywhere(Time clock) {
  std::size_t heard = 0, bad = 0;
  Sets in_trouble;
  for (const auto& [name, service] : services_) {
    if (clock - service->last_received > k_fresh) continue;
    ++heard;
    const auto before = in_trouble.size();
    for (auto* set : service->sets)
      if (set->suspicious && (set->in_outage || clock - set->trouble <= k_together))
        in_trouble.push_back(set);
    if (in_trouble.size() > before) ++bad;
  }
  everywhere_ = bad >= k_many && bad * 2 > heard;
  if (!everywhere_)
    for (const auto& set : sets_)
      if (std::exchange(set->in_outage, false)) forgive(*set, clock);
  for (auto* set : in_trouble) set->in_outage = everywhere_;
}

/// What was the world's is not held against the set while it is still in the windows.
void Breaker::forgive(BreakerSet& set, Time clock) {
  set.bad = -1;
  for (std::size_t i = 0; i < set.rules.size(); ++i) {
    auto& rule = set.rules[i];
    rule.excused_until = rule.outage_until = clock + set.service->rules[i].window;
    if (rule.bad()) rule.state = State::shared;
  }
}

void Breaker::judge(BreakerService& service, Time clock) {
  bool turned = false;
  for (auto* set : service.sets) {
    const auto before = set->bad;
    choose(*set, clock);
    if (before < 0 && set->bad >= 0) {  // a comparison may be some seconds old
      read(*set, static_cast<std::size_t>(set->bad), clock);
      choose(*set, clock);
    }
    turned = turned || (before < 0 && set->bad >= 0);
  }
  if (turned) {
    const bool was = everywhere_;
    look_everywhere(clock);
    if (everywhere_ && !was)  // those that were blamed before the others showed the same
      for (auto& [name, other] : services_)
        if (other.get() != &service) conclude_all(*other, clock);
  }
  conclude_all(service, clock);
}

void Breaker::conclude_all(BreakerService& service, Time clock) {
  if (service.blocked) return;
  const bool all = everyone(service, clock);
  if (std::exchange(service.everyone, all) && !all)
    for (auto* set : service.sets)
      for (std::size_t i = 0; i < set->rules.size(); ++i)
        if (auto& rule = set->rules[i]; !rule.by_peers)
          rule.outage_until = clock + std::min(service.rules[i].window, k_grace);
  Sets together;
  for (auto* set : service.sets)
    if (all && fresh(*set, clock)) together.push_back(set);
  for (auto* set : service.sets) conclude(*set, all, together, clock);
}

void Breaker::conclude(BreakerSet& set, bool everyone, const Sets& together, Time clock) {
  const bool alone = set.bad >= 0 && set.rules[static_cast<std::size_t>(set.bad)].by_peers;
  if (everyone && !alone && fresh(set, clock)) {
    for (std::size_t i = 0; i < set.rules.size(); ++i)
      if (auto& rule = set.rules[i]; rule.bad() || rule.state == State::shared)
        rule.excused_until = clock + set.service->rules[i].window;
    bool stood = set.bad >= 0;
    for (std::size_t i = 0; i < set.rules.size() && !stood; ++i)
      if (const auto& wanted = set.service->rules[i]; set.rules[i].state == State::shared)
        stood = clock - set.rules[i].since >= std::max(wanted.hold, wanted.settle);
    if (stood) say(set, Verdict::undecided, "everyone", together, clock);
    return;
  }
  if (set.bad >= 0) return blame(set, together, clock);
  if (set.any(State::bad)) return;  // it has not stood for long enough
  if (set.any(State::too_few) && set.circuit == CircuitState::closed)
    return say(set, Verdict::undecided, "too few", {}, clock);
  relax(set, clock);
}

void Breaker::blame(BreakerSet& set, const Sets& together, Time clock) {
  const auto force = force_of(set);
  if (set.in_outage && force != Force::State::open) {
    Sets all;
    for (const auto& other : sets_)
      if (other->in_outage) all.push_back(other.get());
    std::ranges::sort(all, {}, &BreakerSet::text);
    return say(set, Verdict::undecided, "everywhere", all, clock);
  }
  if (force == Force::State::closed)
    return say(set, Verdict::undecided, "forced-closed", together, clock);
  if (force == Force::State::observe)
    return say(set, Verdict::undecided, "observe-only", together, clock);
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
    return say(set, Verdict::unhealthy, why, {}, clock, goes_on);
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
  say(set, Verdict::unhealthy, why, {}, clock, true);
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
  if (set.said != Verdict::error) say(set, Verdict::healthy, "", {}, clock);
}

void Breaker::say(BreakerSet& set, Verdict verdict, std::string_view why, const Sets& together,
                  Time clock, bool repeat) {
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
  ever_unhealthy_ = ever_unhealthy_ || verdict == Verdict::unhealthy;
  if (verdict != Verdict::healthy) wake(set);
  const bool late = too_old(set, verdict == Verdict::unhealthy ? last_evidence(set, clock) : clock);
  set.too_late = late && verdict == Verdict::unhealthy;
  // What was judged before we started is not said again, unless somebody may have died over it.
  if (!(late && replaying_)) emit(set, together, clock);
}

}  // namespace cdctl::breaker
