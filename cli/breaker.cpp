#include "breaker.hpp"

#include <algorithm>

namespace cdctl::cli {

namespace {

constexpr std::size_t k_most_events = 10'000;

}  // namespace

std::size_t RecentIds::find(std::uint64_t identity) const {
  auto slot = identity & (slots_.size() - 1);
  while (slots_[slot] != 0 && slots_[slot] != identity) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void RecentIds::remove(std::uint64_t identity) {
  auto hole = find(identity);
  if (slots_[hole] == 0) return;
  slots_[hole] = 0;
  // Those behind the hole that were pushed along by it move back, so that every search still ends at a free slot.
  for (auto slot = (hole + 1) & (slots_.size() - 1); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    const auto moved = std::exchange(slots_[slot], 0);
    slots_[find(moved)] = moved;
  }
}

bool RecentIds::add(std::uint64_t identity) {
  if (identity == 0) return true;
  const auto slot = find(identity);
  if (slots_[slot] == identity) return false;
  slots_[slot] = identity;
  if (const auto oldest = std::exchange(ring_[next_], identity); oldest != 0) remove(oldest);
  next_ = (next_ + 1) % ring_.size();
  return true;
}

Breaker::Breaker(RulesOf rules_of, Emit emit, bool emit_all) : rules_of_(std::move(rules_of)), emit_(std::move(emit)), emit_all_(emit_all) {}

Breaker::Service& Breaker::service_of(const std::string& name) {
  auto& slot = services_[name];
  if (!slot) {
    slot = std::make_unique<Service>();
    slot->name = name;
    slot->rules = rules_of_(name);
    for (const auto& rule : slot->rules) slot->longest = std::max(slot->longest, rule.window);
  }
  return *slot;
}

Breaker::Set* Breaker::find(std::string_view name) {
  if (const auto there = sets_.find(name); there != sets_.end()) return there->second.get();
  const auto parsed = parse_set_name(name);
  if (!parsed) return nullptr;
  auto set = std::make_unique<Set>();
  set->name = *parsed;
  set->service = &service_of(parsed->service);
  set->windows.resize(set->service->rules.size());
  set->service->sets.push_back(set.get());
  return sets_.emplace(name, std::move(set)).first->second.get();
}

void Breaker::count(Window& window, const Rule& rule, const Observation& signal, Time newest) {
  auto& events = window.events;
  const bool matches = rule.matches(signal.severity, signal.signal);
  if (rule.kind == Rule::Kind::row && !matches) return events.clear();
  if (matches) {
    auto at = events.end();
    while (at != events.begin() && *(at - 1) > signal.time) --at;  // late arrivals are few: from the back
    events.insert(at, signal.time);
  }
  if (rule.kind == Rule::Kind::count)
    while (!events.empty() && events.front() <= newest - rule.window) events.pop_front();
  if (events.size() > k_most_events) events.pop_front();
}

bool Breaker::holds(const Window& window, const Rule& rule, Time until) {
  if (std::ssize(window.events) < rule.count) return false;
  return window.events[window.events.size() - static_cast<std::size_t>(rule.count)] > until - rule.window;
}

bool Breaker::add(const Observation& signal) {
  auto* set = find(signal.set);
  if (!set) return false;
  if (!ids_.add(signal.identity)) return true;
  clock_ = std::max(clock_, signal.received);
  set->newest = std::max(set->newest, signal.time);
  set->last_received = std::max(set->last_received, signal.received);
  const auto& rules = set->service->rules;
  int bad = -1;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    count(set->windows[i], rules[i], signal, set->newest);
    if (bad < 0 && holds(set->windows[i], rules[i], set->newest)) bad = static_cast<int>(i);
  }
  const bool turned = (bad >= 0) != (set->bad >= 0);
  if (turned || bad >= 0) set->bad = bad;
  if (turned) judge(*set->service, set);
  if (emit_all_) emit(*set, set->verdict, signal.time);
  if (clock_ - swept_ >= std::chrono::seconds(1)) tick(clock_);
  return true;
}

void Breaker::tick(Time clock) {
  clock_ = std::max(clock_, clock);
  swept_ = clock_;
  for (auto& [name, service] : services_) {
    bool turned = false;
    for (auto* set : service->sets) {
      if (set->bad < 0) continue;
      bool still = false;
      for (std::size_t i = 0; i < service->rules.size(); ++i) still = still || holds(set->windows[i], service->rules[i], clock_);
      if (still) continue;
      set->bad = -1;
      turned = true;
    }
    if (turned) judge(*service, nullptr);
  }
}

void Breaker::block(std::string_view service) { service_of(std::string(service)).blocked = true; }

void Breaker::judge(Service& service, Set* cause) {
  std::size_t signalling = 0, bad = 0;
  for (const auto* set : service.sets) {
    if (clock_ - set->last_received > service.longest) continue;
    ++signalling;
    if (set->bad >= 0) ++bad;
  }
  const bool everyone = signalling >= 2 && bad == signalling;
  for (auto* set : service.sets) {
    const auto verdict = set->bad < 0 ? Verdict::healthy : everyone ? Verdict::undecided : Verdict::unhealthy;
    if (verdict == set->verdict) continue;
    set->verdict = verdict;
    ever_unhealthy_ = ever_unhealthy_ || verdict == Verdict::unhealthy;
    if (!(emit_all_ && set == cause)) emit(*set, verdict, set == cause ? set->newest : clock_);
  }
}

void Breaker::emit(const Set& set, Verdict verdict, Time time) {
  if (set.service->blocked) return;
  Json out = Json::object({{"schema", "cdctl.verdict/1"}, {"service", set.name.service}, {"revision", set.name.revision}, {"set", set.name.str()}});
  out.set("verdict", verdict == Verdict::unhealthy ? "unhealthy" : verdict == Verdict::undecided ? "undecided" : "healthy");
  if (set.bad >= 0) {
    const auto& events = set.windows[static_cast<std::size_t>(set.bad)].events;
    out.set("rule", set.service->rules[static_cast<std::size_t>(set.bad)].text);
    out.set("evidence", Json::object({{"count", events.size()}, {"first", to_rfc3339(events.front())}, {"last", to_rfc3339(events.back())}}));
  }
  if (verdict == Verdict::undecided) out.set("why", "everyone");
  out.set("time", to_rfc3339(time));
  emit_(out);
}

}  // namespace cdctl::cli
