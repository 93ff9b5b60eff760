#include "core/breaker/breaker.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include <cdctl/set_name.hpp>

namespace cdctl::breaker {

using State = Reading::State;

std::uint64_t Observation::counted(std::string_view name) const {
  for (std::size_t i = 0; i < count_size; ++i)
    if (counts[i].name == name) return counts[i].value;
  return 0;
}

std::uint64_t Observation::work() const {
  std::uint64_t all = 0, known = 0;
  bool named = false;
  for (std::size_t i = 0; i < count_size; ++i) {
    all += counts[i].value;
    if (counts[i].name != "ok" && counts[i].name != "failed") continue;
    known += counts[i].value;
    named = true;
  }
  return named ? known : all;
}

bool BreakerSet::any(State state) const {
  return std::ranges::any_of(rules, [&](const RuleState& rule) { return rule.state == state; });
}
bool BreakerSet::works() const {
  return circuit == CircuitState::closed && (calm_since == Time() || last_received > calm_since);
}
bool BreakerSet::suspect() const {
  return in_trouble() || std::ranges::any_of(rules, &RuleState::suspect);
}
int BreakerSet::unit_count() const { return std::max(std::popcount(units), 1); }

namespace {

/// Whether a comparison could find anything: the rest needs no look.
bool worth_reading(const BreakerSet& set, std::size_t i) {
  const auto& rule = set.service->rules[i];
  const auto& state = set.rules[i];
  if (state.state != State::quiet || state.suspect) return true;
  const auto hits = state.window.hits(), total = state.window.total();
  if (!rule.relative()) return hits > 0;
  if (rule.kind == Rule::Kind::rate)
    return hits >= 3 && set.measured != Time() &&
           total >= static_cast<std::uint64_t>(rule.at_least) / 2;
  return hits >= static_cast<std::uint64_t>(std::min(rule.at_least, rule.count));
}

/// How long a comparison is good for: what is in a long window changes slowly.
Millis pause_of(const Rule& rule) {
  return rule.relative()
             ? std::clamp<Millis>(rule.window / 120, Millis(0), std::chrono::seconds(15))
             : Millis(0);
}

}  // namespace

Breaker::Breaker(Hooks hooks, bool emit_all) : hooks_(std::move(hooks)), emit_all_(emit_all) {}

BreakerService& Breaker::service_of(std::string_view name) {
  if (const auto there = services_.find(name); there != services_.end()) return *there->second;
  auto service = std::make_unique<BreakerService>();
  service->name = name;
  service->rules = hooks_.rules_of(name);
  service->least = Severity::critical;
  for (const auto& rule : service->rules) {
    const bool all = rule.kind == Rule::Kind::row || rule.subject == Rule::Subject::name;
    service->least =
        std::min(service->least, all                                       ? Severity::debug
                                 : rule.subject == Rule::Subject::failures ? Severity::error
                                                                           : rule.least);
  }
  return *services_.emplace(name, std::move(service)).first->second;
}

BreakerSet* Breaker::find(std::string_view name) {
  if (auto* known = sets_.find(name)) return known;
  const auto parsed = parse_set_name(name);
  if (!parsed) return nullptr;
  auto set = std::make_unique<BreakerSet>();
  set->name = *parsed;
  set->text = name;
  set->service = &service_of(parsed->service);
  for (const auto& rule : set->service->rules) set->rules.emplace_back(rule);
  set->service->sets.push_back(set.get());
  return &sets_.add(std::move(set));
}

/// Whether the rule counted something.
bool Breaker::count(BreakerSet& set, RuleState& state, const Rule& rule,
                    const Observation& signal) const {
  const bool measured = signal.count_size > 0;
  const bool failures = rule.subject == Rule::Subject::failures;
  std::uint64_t hits = 0, total = 0;
  if (measured && failures)
    hits = signal.counted("failed");
  else if (measured && rule.kind == Rule::Kind::rate && rule.subject == Rule::Subject::name &&
           signal.counted(rule.signal) > 0)
    hits = signal.counted(rule.signal);
  else if (rule.matches(signal.severity, signal.signal))
    hits = 1;
  if (rule.kind == Rule::Kind::row && failures && !measured)
    return false;  // a row of failures needs what went well beside it
  if (rule.kind == Rule::Kind::rate || rule.relative())
    total = measured ? signal.work() : failures ? hits : 0;
  if (rule.kind == Rule::Kind::row && (hits == 0 || (failures && signal.counted("ok") > 0))) {
    state.window.clear();
    return true;
  }
  if (hits == 0 && total == 0) return false;
  if (rule.after.count() > 0 && signal.time < set.first + rule.after) return false;
  state.window.add(signal.time, hits, total);
  return true;
}

Side Breaker::side_of(const BreakerSet& set, std::size_t rule, Time clock) const {
  const auto& wanted = set.service->rules[rule];
  return {set.text, &set.rules[rule].window, static_cast<double>(set.unit_count()),
          clock - set.first - wanted.after,
          set.measured != Time() && clock - set.measured <= wanted.window};
}

std::vector<Side> Breaker::peers_of(const BreakerSet& set, std::size_t rule, Time clock) const {
  std::vector<Side> out;
  const auto heard = std::max(k_heard, set.service->rules[rule].window / 2);
  const std::span sets(set.service->sets);
  for (const auto* peer : sets.last(std::min(sets.size(), k_most_peers))) {
    ++looks_;
    if (peer != &set && peer->works() && clock - peer->last_received <= heard)
      out.push_back(side_of(*peer, rule, clock));
  }
  return out;
}

bool Breaker::has_peer(const BreakerSet& set, Time clock) {
  forget_quiet(*set.service, clock);
  return set.service->heard_of > (set.heard ? 1 : 0);
}

/// How long a rule must hold before it counts.
Millis Breaker::wait_of(const BreakerSet& set, const Rule& rule, Time clock) {
  return rule.settle > rule.hold && has_peer(set, clock) ? rule.settle : rule.hold;
}

void Breaker::wake(BreakerSet& set) {
  if (set.active) return;
  set.active = true;
  active_.push_back(&set);
}

Reading Breaker::reading_of(const BreakerSet& set, std::size_t i, Time clock) const {
  const auto& rule = set.service->rules[i];
  const bool open = set.bad == static_cast<int>(i) || set.circuit == CircuitState::half_open;
  const auto own = side_of(set, i, clock);
  return rule.relative() ? read_rule(rule, own, peers_of(set, i, clock), clock, open)
                         : read_absolute(rule, own, open);
}

void Breaker::read(BreakerSet& set, std::size_t i, Time clock) {
  const auto reading = reading_of(set, i, clock);
  auto& held = set.rules[i];
  auto state = reading.state;
  if ((reading.suspect || state == State::bad || state == State::shared) && !set.suspicious)
    begin_trouble(set, clock);
  held.suspect = reading.suspect;
  // The end of what everyone showed is told all sets with the next sweep; who is read before knows.
  if (set.service->ending && !held.by_peers)
    held.outage_until = clock + std::min(set.service->rules[i].window, k_grace);
  held.by_peers = state == State::bad && reading.basis == Reading::Basis::peers;
  if (state == State::bad && clock < (held.by_peers ? held.outage_until : held.excused_until))
    state = State::shared;
  if (state == State::shared)
    held.excused_until =
        std::max(held.excused_until,
                 reading.state == State::shared ? clock + set.service->rules[i].window : Time());
  if (held.state == state) {
    set.suspicious = set.suspect();
    return recount(set);
  }
  // What turns out to be shared goes on; what is no longer shared is a new condition.
  if (!(held.bad() && state == State::shared)) held.since = clock;
  held.state = state;
  set.suspicious = set.suspect();
  recount(set);
  if (const auto wait = set.service->rules[i].settle; state == State::bad && wait.count() > 0)
    hint_ = std::min(hint_.value_or(Time::max()), clock + wait);
  if (state != State::quiet) wake(set);
}

/// That there was a signal, whatever it says.
void Breaker::hear(BreakerSet& set, const Observation& signal) {
  auto& service = *set.service;
  if (set.first == Time()) set.first = signal.time;
  set.newest = std::max(set.newest, signal.time);
  set.last_received = std::max(set.last_received, signal.received);
  service.last_received = std::max(service.last_received, signal.received);
  if (!signal.unit.empty())
    set.units |= std::uint64_t{1} << (std::hash<std::string_view>()(signal.unit) % 64);
  if (signal.count_size > 0) set.measured = std::max(set.measured, signal.time);
  if (set.circuit == CircuitState::half_open) set.half_ok += signal.counted("ok");
  if (!std::exchange(set.heard, true)) {
    service.leaving.add(set.last_received + k_fresh, set);
    recount(set);
  }
  if (!std::exchange(service.heard, true)) {
    ++heard_of_;
    leaving_.add(service.last_received + k_fresh, service);
    recount(service);
  }
}

bool Breaker::add(const Observation& signal) {
  ids_.expect(signal.identity);
  auto* set = find(signal.set);
  if (!set) return false;
  if (!ids_.add(signal.identity)) return true;
  replaying_ = signal.replayed;
  if (signal.received > clock_) pass(signal.received);
  hear(*set, signal);
  const auto& rules = set->service->rules;
  const auto said = set->said_count;
  bool turned = false;
  const bool matters = signal.count_size > 0 || signal.severity >= set->service->least;
  // Somebody may have mended it since it was found bad: then this is the first of what is new.
  if (matters) note_unasked(*set, signal);
  if (matters && set->circuit != CircuitState::closed)
    (void)ask_begun(*set, signal.received, clock_);
  const bool counts = matters && signal.time >= set->begun;
  for (std::size_t i = 0; counts && i < rules.size(); ++i) {
    auto& state = set->rules[i];
    if (!count(*set, state, rules[i], signal)) continue;
    const auto before = state.state;
    if (!rules[i].relative())
      read(*set, i, clock_);
    else if (!set->active && worth_reading(*set, i))
      wake(*set);
    turned = turned || state.state != before;
  }
  if (turned) judge(*set, clock_);
  if (emit_all_ && !replaying_ && set->said_count == said && !set->service->blocked)
    emit(*set, Crowd::none, signal.time);
  return true;
}

void Breaker::pass(Time clock) {
  // Steps that grow with the gap: a second while signals come, about a hundred and fifty for a
  // quiet hour.
  const auto from = clock_;
  while (!active_.empty() && clock_ != Time()) {
    const auto step = std::max<Millis>(std::chrono::seconds(1), (swept_ - from) / 16);
    if (swept_ + step > clock) break;
    swept_ += step;
    clock_ = std::max(clock_, swept_);
    sweep(swept_);
  }
  clock_ = std::max(clock_, clock);
  if (active_.empty()) swept_ = clock_;
}

void Breaker::tick(Time clock) {
  pass(clock);
  if (clock >= clock_ && !active_.empty()) sweep(clock_);
}

void Breaker::sweep(Time clock) {
  const auto now_active = std::exchange(active_, {});
  std::vector<BreakerService*> touched;
  for (auto* set : now_active) {
    set->active = false;
    ++looks_;
    bool busy = set->circuit != CircuitState::closed || set->said != Verdict::healthy;
    for (std::size_t i = 0; i < set->rules.size(); ++i) {
      auto& state = set->rules[i];
      state.window.advance(clock);
      const auto& rule = set->service->rules[i];
      if (worth_reading(*set, i) && clock - state.read_at >= pause_of(rule)) {
        state.read_at = clock;
        read(*set, i, clock);
      }
      busy = busy || (rule.relative() ? worth_reading(*set, i) : state.state != State::quiet);
    }
    if (busy) wake(*set);
    if (!std::exchange(set->service->touched, true)) touched.push_back(set->service);
  }
  if (hint_) hint_ = next_due();
  look_again(clock);
  for (auto* service : touched) {
    service->touched = false;
    judge(*service, clock);
  }
}

/// When a set that is bad can be decided, if that takes an answer first.
std::optional<Time> Breaker::next_question(const BreakerSet& set) const {
  if (set.service->blocked) return {};
  if (set.service->unsure) return set.service->asked + k_ask;
  if (waits_for_many(set, clock_)) return next_round();
  return set.unasked && !set.unheard ? std::optional(set.asked + k_ask) : std::nullopt;
}

std::vector<std::pair<Time, BreakerSet*>> Breaker::waiting() {
  std::vector<std::pair<Time, BreakerSet*>> out;
  for (auto* set : active_) {
    ++looks_;
    std::optional<Time> due;
    for (std::size_t i = 0; i < set->rules.size(); ++i)
      if (const auto& rule = set->service->rules[i];
          set->rules[i].bad() && set->bad < 0 && rule.settle.count() > 0)
        due =
            std::min(due.value_or(Time::max()), set->rules[i].since + wait_of(*set, rule, clock_));
    if (const auto ask = set->bad >= 0 ? next_question(*set) : std::nullopt)
      due = std::min(due.value_or(Time::max()), *ask);
    if (due) out.emplace_back(*due, set);
  }
  return out;
}

std::optional<Time> Breaker::next_due() {
  std::optional<Time> out;
  for (const auto& [due, set] : waiting()) out = std::min(out.value_or(Time::max()), due);
  return out;
}

void Breaker::settle(Time clock) {
  for (bool any = true; any;) {
    any = false;
    auto all = waiting();
    std::erase_if(all, [&](const auto& one) { return one.first > clock; });
    std::ranges::stable_sort(all, {}, [](const auto& one) { return one.first; });
    for (const auto& [due, set] : all) {
      clock_ = swept_ = std::max(clock_, due);
      const bool was_bad = set->bad >= 0;
      const auto asked = [&] { return std::max({set->asked, set->service->asked, asked_all_}); };
      const auto before = asked();
      if (held_since_ || (everywhere_ && !everywhere(clock_))) look_again(clock_);
      judge(*set, clock_);
      // What is not decided, or could not be asked, waits for something else.
      any = any || (was_bad ? asked() != before : set->bad >= 0);
    }
    // The others of these services have stood as long, where that is what all of them show.
    for (const auto& [due, set] : all) set->service->touched = true;
    for (const auto& [due, set] : all)
      if (std::exchange(set->service->touched, false)) conclude_all(*set->service, clock_);
  }
}

void Breaker::block(std::string_view service, std::string_view why) {
  const auto close = [&](BreakerService& one) {
    for (auto* set : one.sets)
      say(*set, Verdict::error, why, Crowd::none, clock_, set->said == Verdict::error);
    one.blocked = true;
  };
  if (!service.empty()) return close(service_of(service));
  for (auto& [name, one] : services_) close(*one);
}

}  // namespace cdctl::breaker
