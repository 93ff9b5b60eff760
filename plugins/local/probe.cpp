#include "plugins/local/probe.hpp"

#include <fmt/format.h>

#include "plugins/local/probe_units.hpp"

namespace cdctl::local {

namespace {

constexpr Millis k_stale_memory =
    std::chrono::minutes(10);  ///< older counters say nothing about now

std::optional<UnitsBefore> before_of(const Json& entry, Time clock) {
  if (!entry["at"].is_int()) return {};
  UnitsBefore out{Time(Millis(entry["at"].as_int())), {}};
  if (out.at > clock || clock - out.at > k_stale_memory) return {};
  for (const auto& count : entry["restarts"].items()) out.restarts.push_back(count.as_int());
  return out;
}

Json after_of(const Reading& reading, Time clock) {
  Json restarts = Json::array();
  if (reading.status)
    for (const auto& unit : reading.status->units) restarts.push_back(unit.restarts);
  return Json::object(
      {{"at", clock.time_since_epoch().count()}, {"restarts", std::move(restarts)}});
}

/// Sets that nobody has looked at for long are forgotten.
Json fresh(const Json& sets, Time clock) {
  Json out = Json::object();
  for (const auto& [name, entry] : sets.members())
    if (before_of(entry, clock)) out.set(name, entry);
  return out;
}

}  // namespace

Result<std::vector<Json>> LocalProbe::do_observe(std::span<const ProbeTarget> targets, Json& memory,
                                                 const Deadline& deadline) {
  std::vector<Json> out;
  const auto clock = now();
  auto sets = fresh(memory["sets"], clock);
  const auto home = home_.home();
  for (const auto& target : targets) {
    if (target.home != home) continue;
    if (deadline.passed())
      return fail(ExitCode::timeout,
                  fmt::format("looking at the units in {}: the deadline passed", home));
    CDCTL_TRY_ASSIGN(const auto reading, read_set(home_.set(target.set)));
    if (!reading.there || !reading.finished || reading.claimed || reading.reaping)
      continue;  // on its way in or out
    const auto name = target.set.str();
    const auto before = before_of(sets[name], clock);
    std::ranges::move(judge_units(target.set, reading, before,
                                  !target.service.table["rabbit"].is_object(), clock),
                      std::back_inserter(out));
    sets.set(name, after_of(reading, clock));
  }
  memory = Json::object({{"sets", std::move(sets)}});
  return out;
}

}  // namespace cdctl::local
