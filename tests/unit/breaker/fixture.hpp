#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "core/breaker/breaker.hpp"

/// A breaker whose signals, clock, people and memory are the test's.
namespace breaker_test {

using namespace cdctl;
using namespace std::chrono_literals;

inline const Time k_start = *parse_rfc3339("2026-11-23T04:00:00Z");

inline std::string set_of(char letter, std::string_view service = "thumbs") {
  return fmt::format("{}-r00000000{:02x}", service, static_cast<unsigned>(letter));
}

struct Fixture {
  std::vector<Json> verdicts;
  std::map<std::string, Force::State> forces;
  std::map<std::string, Time> begun;  ///< deploys and mends
  std::size_t asked = 0;              ///< for these
  bool silent = false;                ///< nobody can say
  bool stale = false;                 ///< all that is said was known at the start
  Millis ahead{};                     ///< of this machine's clock to the one that stamps signals
  Time wall = k_start;   ///< evidence older than five minutes by it is too old to be acted on
  Time clock = k_start;  ///< of the last signal or tick
  breaker::Breaker breaker;

  explicit Fixture(const std::vector<std::string>& rules)
      : breaker({[rules](std::string_view) {
                   std::vector<breaker::Rule> out;
                   for (const auto& text : rules) out.push_back(*breaker::Rule::parse(text));
                   return out;
                 },
                 [this](const breaker::VerdictRecord& verdict) {
                   verdicts.push_back(records::encode(verdict));
                 },
                 [this](const SetName& set) -> std::optional<Force> {
                   const auto at = forces.find(set.str());
                   if (at == forces.end()) return {};
                   return Force{at->second, "alice@web1", "by hand", k_start};
                 },
                 [this](const SetName&, Time last) { return wall - last > 5min; },
                 [this](const SetName& set) -> breaker::Begun {
                   ++asked;
                   if (silent) return {};
                   const auto at = begun.find(set.str());
                   return {at == begun.end() ? std::optional<Time>() : at->second,
                           stale ? k_start : clock + ahead, !stale};
                 }},
                false) {}

  void add(const std::string& set, Severity severity, Millis at, bool replayed = false) {
    breaker::Observation signal;
    signal.replayed = replayed;
    signal.set = set;
    signal.signal = "oops";
    signal.severity = severity;
    signal.time = signal.received = clock = k_start + at;
    breaker.add(signal);
  }
  void work(const std::string& set, Millis at, std::uint64_t ok, std::uint64_t failed) {
    breaker::Observation signal;
    signal.set = set;
    signal.signal = "counted";
    signal.time = signal.received = k_start + at;
    signal.counts[signal.count_size++] = {"ok", ok};
    signal.counts[signal.count_size++] = {"failed", failed};
    breaker.add(signal);
  }
  void tick(Millis at) {
    clock = k_start + at;
    breaker.tick(clock);
  }
  /// What was said of a set, in order: `unhealthy`, `undecided everyone`.
  std::vector<std::string> said(const std::string& set) const {
    std::vector<std::string> out;
    for (const auto& verdict : verdicts)
      if (verdict["set"].view() == set)
        out.push_back(verdict["verdict"].as_string() +
                      (verdict["why"].is_string() ? " " + verdict["why"].as_string() : ""));
    return out;
  }
  std::size_t loud() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        verdicts, [](const Json& verdict) { return verdict["loud"].as_bool(); }));
  }
};

using Said = std::vector<std::string>;

}  // namespace breaker_test
