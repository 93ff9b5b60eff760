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
Json rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return Json(0);
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 3);
  return Json(unit >= 1 ? std::round(value / unit) * unit
                        : std::round(value / unit) / std::round(1 / unit));
}

Json names_of(const Reading& reading) {
  Json out = Json::array();
  for (const auto peer : reading.peers) out.push_back(peer);
  return out;
}

}  // namespace

std::string_view to_string(Stand stand) {
  return stand == Stand::open ? "open" : stand == Stand::half_open ? "half-open" : "closed";
}

/// What the chosen rule saw, or the first one that saw anything.
Json Breaker::evidence_of(const BreakerSet& set, Time time) const {
  auto at = static_cast<std::size_t>(std::max(set.bad, 0));
  if (set.bad < 0)
    for (std::size_t i = 0; i < set.rules.size(); ++i)
      if (set.rules[i].state != Reading::State::quiet) {
        at = i;
        break;
      }
  if (at >= set.rules.size() || set.rules[at].window.hits() == 0) return {};
  const auto& rule = set.service->rules[at];
  const auto& window = set.rules[at].window;
  const auto reading = reading_of(set, at, time);
  Json out = Json::object({{"count", window.hits()},
                           {"first", to_rfc3339(window.first())},
                           {"last", to_rfc3339(window.last())},
                           {"basis", word_of(reading.basis)}});
  if (rule.kind == Rule::Kind::rate) out.set("work", window.total());
  if (rule.kind == Rule::Kind::rate && reading.work > 0)
    out.set("rate", rounded(reading.hits / reading.work));
  if (reading.basis == Reading::Basis::peers) {
    out.set("times_baseline", rounded(reading.value));
    out.set("chance", rounded(reading.chance));
    out.set("peers", names_of(reading));
  } else if (rule.relative()) {
    out.set("fallback", reading.why.empty() ? "no peer qualifies" : reading.why);
  }
  return Json::object({{"rule", rule.text},
                       {"evidence", std::move(out)},
                       {"baseline", reading.peers.empty() ? Json() : Json(reading.peers.front())}});
}

void Breaker::emit(const BreakerSet& set, const Sets& together, Time time) const {
  Json out = Json::object({{"schema", "cdctl.verdict/1"},
                           {"service", set.name.service},
                           {"revision", set.name.revision},
                           {"set", set.text},
                           {"verdict", word_of(set.said)}});
  if (set.said == Verdict::unhealthy || set.said == Verdict::undecided) {
    const auto seen = evidence_of(set, time);
    for (const auto& [key, value] : seen.members())
      if (!value.is_null()) out.set(key, value);
  }
  if (!set.said_why.empty()) out.set("why", set.said_why);
  if (set.said_why == "observe-only" || set.said_why == "forced-closed")
    out.set("would", "unhealthy");
  if (set.said_why == "observe-only") out.set("observe", true);
  // One record of those that went together is the loud one: the first.
  const auto said_so = [&](const BreakerSet* one) {
    return one != &set && one->said == set.said && one->said_why == set.said_why;
  };
  if (set.said == Verdict::undecided && together.size() >= 2 && set.said_times == 1 &&
      std::ranges::none_of(together, said_so)) {
    Json names = Json::array();
    for (const auto* one : together) names.push_back(one->text);
    out.set("loud", true).set("sets", std::move(names));
  }
  if (set.said_times >= k_escalate && set.said != Verdict::unhealthy &&
      set.said != Verdict::healthy)
    out.set("escalated", true);
  if (set.said == Verdict::unhealthy && set.times > 1) out.set("times", set.times);
  out.set("time", to_rfc3339(time));
  hooks_.emit(out);
}

void Breaker::explain(const std::function<void(const Json&)>& write) {
  for (const auto& set : sets_)
    for (auto& rule : set->rules) rule.window.advance(clock_);
  for (const auto& [name, service] : services_)
    for (const auto* set : service->sets)
      for (std::size_t i = 0; i < set->rules.size(); ++i) {
        const auto& rule = service->rules[i];
        const auto reading = reading_of(*set, i, clock_);
        const double far = reading.threshold > 0
                               ? std::min(reading.value / reading.threshold, 1000.0)
                           : reading.value > 0 ? 1
                                               : 0;
        Json out = Json::object({{"schema", "cdctl.explain/1"},
                                 {"service", name},
                                 {"revision", set->name.revision},
                                 {"set", set->text},
                                 {"rule", rule.text},
                                 {"stand", to_string(set->stand)},
                                 {"verdict", word_of(set->said)},
                                 {"state", word_of(set->rules[i].state)},
                                 {"basis", word_of(reading.basis)},
                                 {"count", set->rules[i].window.hits()}});
        if (rule.kind == Rule::Kind::rate) out.set("work", set->rules[i].window.total());
        out.set("value", rounded(reading.value))
            .set("threshold", rounded(reading.threshold))
            .set("way", rounded(far));
        if (reading.basis == Reading::Basis::peers)
          out.set("baseline", rounded(reading.baseline))
              .set("chance", rounded(reading.chance))
              .set("peers", names_of(reading));
        if (set->rules[i].bad() && set->bad < 0)
          out.set("stands_ms", (clock_ - set->rules[i].since).count());
        if (!reading.why.empty()) out.set("why", reading.why);
        write(out.set("time", to_rfc3339(clock_)));
      }
}

}  // namespace cdctl::breaker
