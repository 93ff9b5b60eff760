#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/juju/engine/probe.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_settling =
    std::chrono::minutes(5);  ///< machines start slowly: until then units that wait are no news
constexpr std::size_t k_most_units = 20;  ///< told one by one

Json signal_of(const SetName& set, std::string_view name, std::string_view severity,
               std::string message = {}) {
  Json out = Json::object(
      {{"set", set.str()}, {"source", "/probe/juju"}, {"severity", severity}, {"signal", name}});
  if (!message.empty()) out.set("message", std::move(message));
  return out;
}

std::int64_t count(const Json& units, std::string_view state) {
  return std::ranges::count_if(units.items(),
                               [&](const Json& unit) { return unit["state"].view() == state; });
}

Json units_signal(const SetStatus& status, const Json& units, bool counted) {
  auto out = signal_of(status.name, "juju/units", "info");
  const auto bad = count(units, "bad");
  if (counted) out.set("counts", Json::object({{"ok", *status.up}, {"failed", bad}}));
  out.set("juju", Json::object({{"want", *status.want},
                                {"up", *status.up},
                                {"bad", bad},
                                {"waiting", count(units, "wait")},
                                {"unknown", count(units, "unknown")}}));
  return out;
}

/// What Juju says of a unit that it is in touch with: a failed hook, a charm that is blocked.
void add_bad(const SetStatus& status, const Json& units, std::vector<Json>& out) {
  std::size_t told = 0;
  for (const auto& unit : units.items()) {
    if (unit["state"].view() != "bad" || ++told > k_most_units) continue;
    auto signal = signal_of(
        status.name, "juju/bad", "error",
        fmt::format("{}: {}", unit["unit"].as_string(), unit["why"].as_string("no reason given")));
    signal.set("unit", unit["unit"]);
    out.push_back(std::move(signal));
  }
}

}  // namespace

std::vector<Json> judge_units(const SetStatus& status, bool counted,
                              std::optional<Time>& short_since, Time clock) {
  const auto& units = status.detail["units"];
  if (!status.up || !status.want)
    return {
        signal_of(status.name, "juju/unknown", "warning", "Juju does not know how its units are")};
  std::vector<Json> out{units_signal(status, units, counted)};
  add_bad(status, units, out);
  if (status.world_cut.value_or(false) || *status.up >= *status.want) {
    short_since.reset();
    return out;
  }
  if (!short_since) short_since = clock;
  if (const auto age = clock - *short_since; age >= k_settling) {
    out.push_back(signal_of(
        status.name, "juju/down", *status.up == 0 ? "error" : "warning",
        fmt::format("{} of {} units are up, for {}", *status.up, *status.want, to_age(age))));
  }
  return out;
}

}  // namespace cdctl::juju
