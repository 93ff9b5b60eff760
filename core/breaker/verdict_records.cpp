#include <algorithm>
#include <cmath>

#include "core/breaker/breaker.hpp"

namespace cdctl::breaker {

namespace {

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::unhealthy:
      return "unhealthy";
    case Verdict::undecided:
      return "undecided";
    case Verdict::error:
      return "error";
    case Verdict::healthy:
      break;
  }
  return "healthy";
}

std::string_view word_of(Reading::State state) {
  switch (state) {
    case Reading::State::bad:
      return "bad";
    case Reading::State::shared:
      return "shared";
    case Reading::State::too_few:
      return "too-few";
    case Reading::State::quiet:
      break;
  }
  return "quiet";
}

std::string_view word_of(Reading::Basis basis) {
  return basis == Reading::Basis::peers      ? "peers"
         : basis == Reading::Basis::absolute ? "absolute"
                                             : "none";
}

/// Four digits are enough for people, and the same on every machine.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 3);
  return unit >= 1 ? std::round(value / unit) * unit
                   : std::round(value / unit) / std::round(1 / unit);
}

std::vector<std::string> names_of(const Reading& reading) {
  return {reading.peers.begin(), reading.peers.end()};
}

}  // namespace

std::string_view to_string(CircuitState circuit) {
  return circuit == CircuitState::open        ? "open"
         : circuit == CircuitState::half_open ? "half-open"
                                              : "closed";
}

/// What the chosen rule saw, or the first one that saw anything.
void Breaker::add_evidence(const BreakerSet& set, Time time, VerdictRecord& record) const {
  auto at = static_cast<std::size_t>(std::max(set.bad, 0));
  if (set.bad < 0)
    for (std::size_t i = 0; i < set.rules.size(); ++i)
      if (set.rules[i].state != Reading::State::quiet) {
        at = i;
        break;
      }
  if (at >= set.rules.size() || set.rules[at].window.hits() == 0) return;
  const auto& rule = set.service->rules[at];
  const auto& window = set.rules[at].window;
  const auto reading = reading_of(set, at, time);
  record.rule = rule.text;
  auto& out = record.evidence.emplace();
  out.count = static_cast<std::int64_t>(window.hits());
  out.first = window.first();
  out.last = window.last();
  out.basis = word_of(reading.basis);
  if (rule.kind == Rule::Kind::rate) out.work = static_cast<std::int64_t>(window.total());
  if (rule.kind == Rule::Kind::rate && reading.work > 0)
    out.rate = rounded(reading.hits / reading.work);
  if (reading.basis == Reading::Basis::peers) {
    out.times_baseline = rounded(reading.value);
    out.chance = rounded(reading.chance);
    out.peers = names_of(reading);
  } else if (rule.relative()) {
    out.fallback = reading.why.empty() ? "no peer qualifies" : reading.why;
  }
  if (!reading.peers.empty()) record.baseline = reading.peers.front();
}

void Breaker::emit(const BreakerSet& set, Crowd crowd, Time time) const {
  VerdictRecord out;
  records::name_set(out, set.name);
  out.verdict = word_of(set.said);
  if (set.said == Verdict::unhealthy || set.said == Verdict::undecided)
    add_evidence(set, time, out);
  out.why = set.said_why;
  if (set.said_why == "observe-only" || set.said_why == "forced-closed") out.would = "unhealthy";
  out.observe = set.said_why == "observe-only";
  // One record of those that went together is the loud one: the first.
  if (set.said == Verdict::undecided && set.said_times == 1 && is_first(set, crowd))
    if (const auto together = members(set, crowd); together.size() >= 2) {
      out.loud = true;
      for (const auto* one : together) out.sets.emplace_back(one->text);
    }
  out.escalated = set.said_times >= k_escalate && set.said != Verdict::unhealthy &&
                  set.said != Verdict::healthy;
  if (set.said == Verdict::unhealthy && set.times > 1) out.times = set.times;
  out.time = time;
  hooks_.emit(out);
}

ExplainRecord Breaker::explained(const BreakerSet& set, std::size_t at) const {
  const auto& rule = set.service->rules[at];
  const auto& state = set.rules[at];
  const auto reading = reading_of(set, at, clock_);
  ExplainRecord out;
  records::name_set(out, set.name);
  out.rule = rule.text;
  out.stand = to_string(set.circuit);
  out.verdict = word_of(set.said);
  out.state = word_of(state.state);
  out.basis = word_of(reading.basis);
  out.count = static_cast<std::int64_t>(state.window.hits());
  if (rule.kind == Rule::Kind::rate) out.work = static_cast<std::int64_t>(state.window.total());
  out.value = rounded(reading.value);
  out.threshold = rounded(reading.threshold);
  out.way = rounded(reading.threshold > 0 ? std::min(reading.value / reading.threshold, 1000.0)
                    : reading.value > 0   ? 1
                                          : 0);
  if (reading.basis == Reading::Basis::peers) {
    out.baseline = rounded(reading.baseline);
    out.chance = rounded(reading.chance);
    out.peers = names_of(reading);
  }
  if (state.bad() && set.bad < 0) out.stands_ms = (clock_ - state.since).count();
  out.why = reading.why;
  out.time = clock_;
  return out;
}

void Breaker::explain(const std::function<void(const ExplainRecord&)>& write) {
  for (const auto& set : sets_)
    for (auto& rule : set->rules) rule.window.advance(clock_);
  for (const auto& [name, service] : services_)
    for (const auto* set : service->sets)
      for (std::size_t i = 0; i < set->rules.size(); ++i) write(explained(*set, i));
}

}  // namespace cdctl::breaker
