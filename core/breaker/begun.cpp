#include <algorithm>

#include "core/breaker/breaker.hpp"

namespace cdctl::breaker {

using State = Reading::State;

/// A question that is still to be asked about this signal. What was known so much later says it,
/// too, whatever the clocks are apart.
void Breaker::note_unasked(BreakerSet& set, const Observation& signal) const {
  if (hooks_.begun && set.known < signal.received + k_clock_slack) set.unasked = true;
}

/// Learns of a deploy or a mend, if what is known is from before `since` or a signal came
/// afterwards. Whether that changed what is to be said of the set.
bool Breaker::ask_begun(BreakerSet& set, Time since, Time clock) {
  const bool known = set.known >= since && !set.unasked;
  if (!hooks_.begun || known || clock - set.asked < k_ask) return false;
  set.asked = clock;
  const auto begun = hooks_.begun(set.name);
  set.unheard = begun.known == Time();
  set.answered = begun.fresh || set.unheard || begun.known >= set.last_received + k_clock_slack;
  if (set.answered && !set.unheard) set.unasked = false;
  set.known = std::max(set.known, begun.known);
  if (!begun.last || *begun.last <= set.begun) return false;
  set.begun = *begun.last;
  return start_over(set, clock);
}

/// How new the last answer about a set is. What was known so much later says it, too.
Time Breaker::known_as_of(const BreakerSet& set) {
  return std::max(set.answered ? set.asked : Time(), set.known - k_clock_slack);
}

/// Judges the set as a new one from there on: what it said before was the reason to cut it, and is
/// neither one to do it again nor a sign of what all sets have.
bool Breaker::start_over(BreakerSet& set, Time clock) {
  ++looks_;
  const bool judged = set.circuit != CircuitState::closed && set.said_last < set.begun;
  set.first = std::max(set.first, set.begun);
  bool forgot = false;
  for (auto& rule : set.rules) forgot = rule.window.forget_until(set.begun) || forgot;
  if (!forgot && !judged) return false;
  set.bad = -1;
  set.trouble = {};
  set.suspicious = set.in_outage = set.lately = set.too_late = false;
  if (judged) {
    set.circuit = CircuitState::half_open;
    set.half_since = clock;
    set.half_ok = 0;
    set.open_until = std::min(set.open_until, clock);
  }
  for (std::size_t i = 0; i < set.rules.size(); ++i) {
    auto& rule = set.rules[i];
    const auto stood = rule.bad() ? std::max(rule.since, set.begun) : clock;
    const auto window = std::move(rule.window);
    rule = RuleState(set.service->rules[i]);
    rule.window = window;
    rule.since = clock;
    if (set.service->rules[i].relative()) continue;  // the next sweep reads it
    read(set, i, clock);
    if (rule.bad()) rule.since = stood;
  }
  recount(set);
  wake(set);
  return true;
}

}  // namespace cdctl::breaker
