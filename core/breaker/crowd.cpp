#include <algorithm>
#include <utility>

#include "core/breaker/breaker.hpp"

// What is true of how many sets and services at a time. It is counted as it changes, so that a set
// that goes bad costs the same beside ten others and beside a hundred thousand.

namespace cdctl::breaker {

using State = Reading::State;

namespace {

void turn(std::size_t& count, bool was, bool is) {
  if (is && !was) ++count;
  if (was && !is) --count;
}

}  // namespace

void Breaker::recount(BreakerSet& set) {
  const Share now{set.heard, set.heard && set.in_trouble(),
                  set.heard && set.is_undecided("everyone"),
                  set.suspicious && (set.in_outage || set.lately),
                  set.in_outage && set.is_undecided("everywhere")};
  const auto was = std::exchange(set.share, now);
  auto& service = *set.service;
  turn(service.heard_of, was.heard, now.heard);
  turn(service.troubled, was.troubled, now.troubled);
  turn(service.told, was.told, now.told);
  turn(service.lately, was.lately, now.lately);
  turn(told_, was.outage, now.outage);
  recount(service);
}

void Breaker::recount(BreakerService& service) {
  const bool bad = service.heard && service.lately > 0;
  turn(bad_, std::exchange(service.bad, bad), bad);
}

void Breaker::begin_trouble(BreakerSet& set, Time clock) {
  set.trouble = clock;
  set.lately = true;
  if (!std::exchange(set.leaving, true)) calming_.add(clock + k_together, set);
}

void Breaker::forget_quiet(BreakerService& service, Time clock) {
  service.leaving.pass(clock, [&](BreakerSet& set) {
    const auto until = set.last_received + k_fresh;
    if (until >= clock) return until;
    ++looks_;
    set.heard = false;
    recount(set);
    return until;
  });
}

/// The same of services, and of trouble that began long ago.
void Breaker::forget_quiet(Time clock) {
  leaving_.pass(clock, [&](BreakerService& service) {
    const auto until = service.last_received + k_fresh;
    if (until >= clock) return until;
    service.heard = false;
    --heard_of_;
    recount(service);
    return until;
  });
  calming_.pass(clock, [&](BreakerSet& set) {
    const auto until = set.trouble + k_together;
    if (until >= clock) return until;
    ++looks_;
    set.leaving = set.lately = false;
    recount(set);
    return until;
  });
}

/// Whether all sets that were heard of lately are bad, those that are about to be found so
/// included, and those that were mended left out. The service is `unsure` until each of them was
/// asked about since the last of them turned bad: one that was mended a moment ago must not excuse
/// the others.
bool Breaker::everyone(BreakerService& service, Time clock) {
  forget_quiet(service, clock);
  const auto all = [&] { return service.heard_of >= 2 && service.troubled == service.heard_of; };
  if (!all()) {
    service.all_since = {};
    service.unsure = false;
  }
  if (!all() || !hooks_.begun) return all();
  if (service.all_since == Time()) service.all_since = clock;
  const auto since = std::max(service.all_since, service.turned);
  if (clock - service.asked < k_ask) {
    service.unsure = service.unsure || service.asked < since;
    return true;
  }
  service.asked = clock;
  bool sure = true;
  for (auto* set : service.sets) {
    ++looks_;
    if (!set->share.troubled) continue;
    (void)ask_begun(*set, clock, clock);
    sure = sure && (!set->share.troubled || known_as_of(*set) >= since);
  }
  service.unsure = all() && !sure;
  return all();
}

Time Breaker::next_round() const { return asked_all_ + (everywhere_ ? k_ask_all : k_ask); }

/// Whether sets of many services, and of most of those that were heard of, went bad at about the
/// same time, and were not mended since, by answers that may be some seconds old.
bool Breaker::everywhere(Time clock) {
  forget_quiet(clock);
  if (!many() || !hooks_.begun || clock < next_round()) return many();
  asked_all_ = clock;
  auto confirmed = clock;
  for (const auto& set : sets_) {
    ++looks_;
    if (!set->share.lately) continue;
    (void)ask_begun(*set, clock, clock);
    if (set->share.lately) confirmed = std::min(confirmed, known_as_of(*set));
  }
  confirmed_ = std::max(confirmed_, confirmed);
  return many();
}

/// Whether the others were still bad after this one turned so: services that were mended a moment
/// ago must not excuse it. When nobody can tell for long, the last answer has to do.
bool Breaker::is_sure(const BreakerSet& set, Time clock) const {
  const auto since = std::max(set.trouble, set.turned);
  return !hooks_.begun || since <= confirmed_ || clock - since >= k_clock_slack;
}

/// Whether it may have gone bad with many others, which is known with the next answer.
bool Breaker::waits_for_many(const BreakerSet& set, Time clock) const {
  return set.bad >= 0 && !set.in_outage && set.share.lately && set.service->heard && many() &&
         !is_sure(set, clock);
}

/// What was not sure is asked about again when it is time.
void Breaker::look_again(Time clock) {
  const auto held = std::exchange(held_since_, {});
  if (everywhere_) return look_everywhere(clock);
  if (!held || !everywhere(clock)) return;
  if (*held > confirmed_ && clock - *held < k_clock_slack) return;
  look_everywhere(clock);
  for (auto& [name, service] : services_) conclude_all(*service, clock);
}

/// Tells all sets whether it is everywhere.
void Breaker::look_everywhere(Time clock) {
  everywhere_ = everywhere(clock);
  for (const auto& set : sets_) {
    ++looks_;
    if (!everywhere_ && std::exchange(set->in_outage, false)) {
      forgive(*set, clock);
    } else if (everywhere_ && !set->in_outage && set->service->heard && set->share.lately &&
               is_sure(*set, clock)) {
      set->in_outage = true;
      recount(*set);
    }
  }
}

/// What was the world's is not held against the set while it is still in the windows.
void Breaker::forgive(BreakerSet& set, Time clock) {
  set.bad = -1;
  for (std::size_t i = 0; i < set.rules.size(); ++i) {
    auto& rule = set.rules[i];
    rule.excused_until = rule.outage_until = clock + set.service->rules[i].window;
    if (rule.bad()) rule.state = State::shared;
  }
  recount(set);
}

/// The sets do not recover in the same second: what everyone showed is none's fault a while longer.
void Breaker::excuse(BreakerSet& set, Time clock) {
  for (std::size_t i = 0; i < set.rules.size(); ++i)
    if (auto& rule = set.rules[i]; !rule.by_peers)
      rule.outage_until = clock + std::min(set.service->rules[i].window, k_grace);
}

/// Whether nobody else of the crowd was told the same yet.
bool Breaker::is_first(const BreakerSet& set, Crowd crowd) const {
  if (crowd == Crowd::none) return false;
  return crowd == Crowd::service ? set.service->told == (set.share.told ? 1 : 0)
                                 : told_ == (set.share.outage ? 1 : 0);
}

Breaker::Sets Breaker::members(const BreakerSet& set, Crowd crowd) const {
  Sets out;
  if (crowd == Crowd::service) {
    looks_ += set.service->sets.size();
    std::ranges::copy_if(set.service->sets, std::back_inserter(out), &BreakerSet::heard);
  } else {
    for (const auto& one : sets_) {
      ++looks_;
      if (one->in_outage) out.push_back(one.get());
    }
    std::ranges::sort(out, {}, &BreakerSet::text);
  }
  return out;
}

}  // namespace cdctl::breaker
