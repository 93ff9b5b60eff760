#include "plugins/juju/engine/probe.hpp"

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::juju {

namespace {

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

}  // namespace

Result<std::vector<Json>> JujuProbe::do_observe(std::span<const ProbeTarget> targets, Json& memory,
                                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const engine, host_.engine("juju"));
  const auto home = engine->home();
  std::vector<Json> out;
  auto sets = fresh(memory["sets"], now());
  std::optional<Error> trouble;
  bool answered = false;
  for (const auto& target : targets) {
    if (target.home != home) continue;
    if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
    const auto status = engine->describe(target.set, deadline);
    const auto clock = now();
    if (!status) {
      trouble = status.error();
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
  if (trouble && !answered) return fail(*trouble);
  memory = Json::object({{"sets", std::move(sets)}});
  return out;
}

}  // namespace cdctl::juju
