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
/// asked about since: one that was mended a moment ago must not excuse the others.
bool Breaker::everyone(BreakerService& service, Time clock) {
  forget_quiet(service, clock);
  const auto all = [&] { return service.heard_of >= 2 && service.troubled == service.heard_of; };
  if (!all()) {
    service.all_since = {};
    service.unsure = false;
  }
  if (!all() || !hooks_.begun) return all();
  if (service.all_since == Time()) service.all_since = clock;
  if (clock - service.asked < k_ask) {
    service.unsure = service.unsure || service.asked < service.all_since;
    return true;
  }
  service.asked = clock;
  bool sure = true;
  for (auto* set : service.sets) {
    ++looks_;
    if (!set->share.troubled) continue;
    (void)ask_begun(*set, clock, clock);
    sure = sure && (!set->share.troubled || (set->answered && set->asked >= service.all_since));
  }
  service.unsure = all() && !sure;
  return all();
}

/// Whether sets of many services, and of most of those that were heard of, went bad at about the
/// same time, and were not mended since.
bool Breaker::everywhere(Time clock) {
  forget_quiet(clock);
  const auto many = [&] { return bad_ >= k_many && bad_ * 2 > heard_of_; };
  if (!many() || !hooks_.begun || clock - asked_all_ < (everywhere_ ? k_ask_all : k_ask))
    return many();
  asked_all_ = clock;
  for (const auto& set : sets_) {
    ++looks_;
    if (set->share.lately) (void)ask_begun(*set, clock, clock);
  }
  return many();
}

/// Tells all sets whether it is everywhere.
void Breaker::look_everywhere(Time clock) {
  everywhere_ = everywhere(clock);
  for (const auto& set : sets_) {
    ++looks_;
    if (!everywhere_ && std::exchange(set->in_outage, false)) {
      forgive(*set, clock);
    } else if (everywhere_ && !set->in_outage && set->service->heard && set->share.lately) {
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
