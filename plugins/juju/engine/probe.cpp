#include "plugins/juju/engine/probe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::juju {

namespace {

constexpr Millis k_settling =
    std::chrono::minutes(5);  ///< machines start slowly: until then units that wait are no news
constexpr std::size_t k_most_units = 20;  ///< told one by one
constexpr Millis k_stale_memory = std::chrono::minutes(10);

std::optional<Time> time_of(const Json& value) {
  return value.is_int() ? std::optional(Time(Millis(value.as_int()))) : std::nullopt;
}

/// What earlier looks left of sets: since when each was short of units. Those that nobody has
/// looked at for long are forgotten.
Json fresh(const Json& sets, Time clock) {
  Json out = Json::object();
  for (const auto& [name, entry] : sets.members())
    if (const auto at = time_of(entry["at"]); at && clock - *at <= k_stale_memory)
      out.set(name, entry);
  return out;
}

Json unknown(const SetName& set, const Error& error) {
  return Json::object({{"set", set.str()},
                       {"source", "/probe/juju"},
                       {"severity", "warning"},
                       {"signal", "juju/unknown"},
                       {"message", error.what}});
}

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

Result<std::vector<Json>> JujuProbe::do_observe(std::span<const ProbeTarget> targets, Json& memory,
                                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const engine, host_.engine("juju"));
  const auto home = engine->home();
  std::vector<Json> out;
  auto sets = fresh(memory["sets"], now());
  std::optional<Error> failure;
  bool answered = false;
  for (const auto& target : targets) {
    if (target.home != home) continue;
    if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
    const auto status = engine->describe(target.set, deadline);
    const auto clock = now();
    if (!status) {
      failure = status.error();
      out.push_back(unknown(target.set, status.error()));
      continue;
    }
    answered = true;
    if (status->state != "live" && status->state != "down") continue;  // on its way in or out
    auto short_since = time_of(sets[target.set.str()]["short_since"]);
    std::ranges::move(
        judge_units(*status, !target.service.table["rabbit"].is_object(), short_since, clock),
        std::back_inserter(out));
    sets.set(
        target.set.str(),
        Json::object({{"at", clock.time_since_epoch().count()},
                      {"short_since",
                       short_since ? Json(short_since->time_since_epoch().count()) : Json()}}));
  }
  if (failure && !answered) return fail(*failure);
  memory = Json::object({{"sets", std::move(sets)}});
  return out;
}

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
