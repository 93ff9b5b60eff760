#include "plugins/juju/model/health.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

namespace cdctl::juju {

namespace {

bool any_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// Juju notices an agent that does not report by its presence: the agent is `lost`, the workload
/// `unknown` with such a message.
bool lost(const Unit& unit) {
  return unit.agent.current == "lost" ||
         (unit.workload.current == "unknown" && unit.workload.message.starts_with("agent lost"));
}

/// Whether the controller must have heard of the agent: it never calls one lost that is being
/// installed.
bool in_touch(const Unit& unit) {
  if (!unit.error.empty() || !unit.agent.known() || lost(unit)) return false;
  if (unit.agent.current == "executing" && unit.agent.message.contains("install")) return false;
  return any_of(unit.agent.current,
                {"idle", "executing", "rebooting", "running", "started", "error", "failed"});
}

struct Judgement {
  Health health;
  std::string why;
};

Judgement because(Health health, const StatusInfo& info) {
  return {health,
          info.message.empty() ? info.current : fmt::format("{}: {}", info.current, info.message)};
}
Judgement unread(std::string_view what, std::string_view why) {
  return {Health::unknown, fmt::format("Juju could not read {}: {}", what, why)};
}
Judgement not_said(std::string_view what, const StatusInfo& info) {
  if (!info.error.empty()) return unread(what, info.error);
  if (info.current.empty()) return {Health::unknown, fmt::format("Juju says nothing of {}", what)};
  return {Health::unknown,
          fmt::format("'{}' is not a state of {} that cdctl knows", info.current, what)};
}

constexpr std::string_view k_everyone =
    "every agent is lost: the controller's trouble, or the whole cloud's";

Judgement judge_unit(const Unit& unit, bool everyone_lost) {
  constexpr std::string_view k_agent = "its agent", k_workload = "its workload";
  const auto& [workload, agent] = std::tie(unit.workload, unit.agent);
  if (!unit.error.empty()) return unread("it", unit.error);
  if (lost(unit)) {
    if (everyone_lost) return {Health::unknown, std::string(k_everyone)};
    return {Health::bad, "agent lost"};
  }
  if (workload.known() && any_of(workload.current, {"error", "blocked"}))
    return because(Health::bad, workload);
  if (agent.known() && any_of(agent.current, {"error", "failed"}))
    return because(Health::bad, agent);
  if (!agent.known()) return not_said(k_agent, agent);
  if (!workload.known()) return not_said(k_workload, workload);
  if (agent.current == "allocating") return because(Health::wait, workload);
  if (!any_of(agent.current, {"idle", "executing", "rebooting", "running", "started"}))
    return not_said(k_agent, agent);
  if (workload.current == "active")
    return everyone_lost ? Judgement{Health::unknown, std::string(k_everyone)}
                         : Judgement{Health::ok, {}};
  if (any_of(workload.current, {"waiting", "maintenance", "terminated", "unset"}))
    return because(Health::wait, workload);
  if (workload.current == "unknown") return {Health::unknown, "its charm says nothing of itself"};
  return not_said(k_workload, workload);
}

void count(Counts& counts, Health health) {
  switch (health) {
    case Health::ok:
      ++counts.up;
      break;
    case Health::wait:
      ++counts.down;
      break;
    case Health::bad:
      ++counts.bad;
      break;
    case Health::unknown:
      ++counts.unknown;
      break;
  }
}

std::optional<Health> health_of(const Application& application) {
  if (!application.error.empty()) return Health::unknown;
  if (!application.units || application.units->want() == 0) return {};
  const auto& units = *application.units;
  return units.bad > 0       ? Health::bad
         : units.unknown > 0 ? Health::unknown
         : units.down > 0    ? Health::wait
                             : Health::ok;
}

}  // namespace

void judge(ModelStatus& model) {
  model.everyone_lost =
      std::ranges::any_of(model.units, lost) && std::ranges::none_of(model.units, in_touch);
  std::unordered_map<std::string_view, Application*> by_name;
  for (auto& application : model.applications)
    if (application.units) by_name.emplace(application.name, &application);
  for (auto& unit : model.units) {
    auto judgement = judge_unit(unit, model.everyone_lost);
    unit.health = judgement.health;
    unit.why = std::move(judgement.why);
    if (const auto at = by_name.find(unit.application); at != by_name.end())
      count(*at->second->units, unit.health);
  }
  for (auto& application : model.applications) {
    if (application.units && application.scale)
      application.units->down +=
          std::max<std::int64_t>(0, *application.scale - application.units->want());
    application.health = health_of(application);
  }
}

}  // namespace cdctl::juju
