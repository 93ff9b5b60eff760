#include "tests/tools/verdict_score.hpp"

#include <set>

#include <fmt/format.h>

#include "core/breaker/breaker.hpp"
#include "core/breaker/signal_scanner.hpp"

namespace verdicts {

using namespace cdctl;
using namespace cdctl::breaker;

namespace {

/// break with min_live = 1: it counts the units of live and uncut sets after the action, and
/// refuses what would leave none.
class Guard {
 public:
  explicit Guard(const Trace& trace) : trace_(trace) {}

  void cut(const std::string& set, Score& score) {
    if (cut_.contains(set)) return;
    int left = 0;
    const auto service = set.substr(0, set.rfind('-') + 1);
    for (const auto& [name, units] : trace_.units)
      if (name != set && name.starts_with(service) && !cut_.contains(name)) left += units;
    if (left < 1) {
      ++score.refused;
      return;
    }
    cut_.insert(set);
    ++score.cuts;
    if (!trace_.bad(set)) ++score.good_cuts;
  }
  [[nodiscard]] bool is_cut(std::string_view set) const { return cut_.contains(std::string(set)); }
  /// Services without any set that is not cut.
  [[nodiscard]] int emptied() const {
    std::map<std::string, bool> live;
    for (const auto& [name, units] : trace_.units)
      live[name.substr(0, name.rfind('-'))] |= !cut_.contains(name);
    int out = 0;
    for (const auto& [name, any] : live) out += !any;
    return out;
  }

 private:
  const Trace& trace_;
  std::set<std::string> cut_;
};

}  // namespace

Score& Score::operator+=(const Score& other) {
  traces += other.traces, right += other.right, wrong += other.wrong, missed += other.missed;
  cuts += other.cuts, refused += other.refused, last_cut += other.last_cut,
      good_cuts += other.good_cuts;
  return *this;
}

Score judge_trace(const Trace& trace, const std::vector<std::string>& rules, bool cut,
                  std::vector<std::string>* wrongs) {
  Score out;
  out.traces = 1;
  Guard guard(trace);
  std::map<std::string, VerdictRecord> blamed;
  std::vector<Rule> parsed;
  for (const auto& rule : rules.empty() ? default_rules() : rules)
    parsed.push_back(*Rule::parse(rule));
  Breaker breaker({[&](std::string_view) { return parsed; },
                   [&](const VerdictRecord& verdict) {
                     if (verdict.verdict != "unhealthy") return;
                     blamed.emplace(verdict.set, verdict);
                     guard.cut(verdict.set, out);
                   }},
                  false);
  SignalScanner scanner;
  std::string padded;
  for (const auto& line : trace.lines) {
    padded = line.text;
    padded.append(SignalScanner::k_padding, '\0');
    if (scanner.scan(std::string_view(padded).substr(0, line.text.size())) !=
        SignalScanner::Kind::signal)
      throw std::runtime_error("not a signal: " + line.text);
    if (!cut || !guard.is_cut(scanner.observation().set)) breaker.add(scanner.observation());
  }
  const auto tell = [&](std::string_view what, const std::string& set,
                        const VerdictRecord* verdict) {
    if (wrongs)
      wrongs->push_back(fmt::format("{} {}: {} {} {}", trace.kind, trace.seed, what, set,
                                    verdict ? records::encode(*verdict).dump() : ""));
  };
  for (const auto& [set, units] : trace.units) {
    const auto at = blamed.find(set);
    const auto bad = trace.bad_since.find(set);
    if (at == blamed.end()) {
      if (bad == trace.bad_since.end()) continue;
      ++out.missed;
      tell("missed", set, nullptr);
    } else if (bad == trace.bad_since.end() || at->second.time < bad->second) {
      ++out.wrong;
      tell("wrong", set, &at->second);
    } else {
      ++out.right;
    }
  }
  out.last_cut = guard.emptied();
  return out;
}

std::map<std::string, Score> judge_kinds(std::uint64_t first_seed, int seeds,
                                         const std::vector<std::string>& rules, bool cut,
                                         std::vector<std::string>* wrongs) {
  std::map<std::string, Score> out;
  for (const auto kind : kinds())
    for (int i = 0; i < seeds; ++i)
      out[std::string(kind)] += judge_trace(
          make_trace(kind, first_seed + static_cast<std::uint64_t>(i)), rules, cut, wrongs);
  return out;
}

Score total(const std::map<std::string, Score>& scores) {
  Score out;
  for (const auto& [kind, score] : scores) out += score;
  return out;
}

}  // namespace verdicts
