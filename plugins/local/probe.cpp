#include "plugins/local/probe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "plugins/local/probe.hpp"

namespace cdctl::local {

namespace {

constexpr std::int64_t k_crash_loop = 3;  ///< restarts in all, the last one since the last look
constexpr Millis k_settled =
    std::chrono::seconds(60);  ///< a unit that has been up for so long is in no crash loop

Json signal_of(const SetName& set, std::string_view name, std::string_view severity) {
  return Json::object(
      {{"set", set.str()}, {"source", "/probe/local"}, {"severity", severity}, {"signal", name}});
}

std::int64_t new_restarts(const Status& status, std::size_t unit,
                          const std::optional<UnitsBefore>& before) {
  if (!before || unit >= before->restarts.size()) return 0;
  return std::max<std::int64_t>(status.units[unit].restarts - before->restarts[unit], 0);
}

/// A unit that was restarted since the last look: a warning, and an error once it is a loop.
void judge_restarts(const SetName& set, const Status& status,
                    const std::optional<UnitsBefore>& before, Time clock, std::vector<Json>& out) {
  for (std::size_t i = 0; i < status.units.size(); ++i) {
    const auto& unit = status.units[i];
    const auto restarts = new_restarts(status, i, before);
    if (restarts == 0) continue;
    const bool settled = unit.state == UnitState::up && clock - unit.since >= k_settled;
    auto signal = signal_of(set, "local/restarts",
                            unit.restarts >= k_crash_loop && !settled ? "error" : "warning");
    signal.set("unit", std::to_string(i));
    signal.set(
        "message",
        fmt::format("unit {} ({}) was restarted {} times, {} in all; last end: {}", i, unit.process,
                    restarts, unit.restarts, unit.last_exit.empty() ? "unknown" : unit.last_exit));
    out.push_back(std::move(signal));
  }
}

Json units_signal(const SetName& set, const Status& status, std::int64_t up,
                  const std::optional<UnitsBefore>& before, bool counted, Time clock) {
  std::int64_t restarts = 0;
  for (std::size_t i = 0; i < status.units.size(); ++i) restarts += new_restarts(status, i, before);
  auto signal = signal_of(set, "local/units", "info");
  if (counted && before)
    signal.set("counts", Json::object({{"ok", up},
                                       {"failed", restarts},
                                       {"interval_ms", (clock - before->at).count()}}));
  Json detail = Json::object({{"want", status.want()}, {"up", up}});
  if (before)
    detail.set("restarts", restarts);
  else
    detail.set("no_rate", "first look");
  signal.set("local", std::move(detail));
  return signal;
}

}  // namespace

std::vector<Json> judge_units(const SetName& set, const SetFiles& files,
                              const std::optional<UnitsBefore>& before, bool counted, Time clock) {
  std::vector<Json> out;
  if (files.alive && !files.status) {
    auto signal = signal_of(set, "local/unknown", "warning");
    signal.set("message",
               "the supervisor is alive, but what it wrote about its units cannot be read");
    return {std::move(signal)};
  }
  const Status none;
  const auto& status = files.status ? *files.status : none;
  const auto up = files.alive ? status.up() : 0;
  out.push_back(units_signal(set, status, up, before, counted, clock));
  const auto want = status.want();
  if (files.frozen.empty() && up < want) {
    auto signal = signal_of(set, "local/down", up == 0 ? "error" : "warning");
    signal.set("message",
               files.alive ? fmt::format("{} of {} units are down", want - up, want)
                           : fmt::format("the supervisor is gone and all {} units with it", want));
    out.push_back(std::move(signal));
  }
  judge_restarts(set, status, before, clock, out);
  return out;
}

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

Json after_of(const SetFiles& files, Time clock) {
  Json restarts = Json::array();
  if (files.status)
    for (const auto& unit : files.status->units) restarts.push_back(unit.restarts);
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
    CDCTL_TRY_ASSIGN(const auto files, read_set(home_.set(target.set)));
    if (!files.there || !files.finished || files.claimed || files.reaping)
      continue;  // on its way in or out
    const auto name = target.set.str();
    const auto before = before_of(sets[name], clock);
    std::ranges::move(
        judge_units(target.set, files, before, !target.service.table["rabbit"].is_object(), clock),
        std::back_inserter(out));
    sets.set(name, after_of(files, clock));
  }
  memory = Json::object({{"sets", std::move(sets)}});
  return out;
}

}  // namespace cdctl::local
