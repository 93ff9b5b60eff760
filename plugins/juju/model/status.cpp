#include "plugins/juju/model/status.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

namespace cdctl::juju {

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::wait:
      return "wait";
    case Health::bad:
      return "bad";
    case Health::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(ApplicationKind kind) {
  switch (kind) {
    case ApplicationKind::principal:
      return "principal";
    case ApplicationKind::subordinate:
      return "subordinate";
    case ApplicationKind::remote:
      break;
  }
  return "remote";
}

namespace {

constexpr std::int64_t k_largest_scale = 1'000'000;

std::optional<std::int64_t> whole_number(const Json& json) {
  return json.is_int() ? std::optional(json.as_int()) : std::nullopt;
}

std::string first_of(const Json& json, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (const auto text = json[key].view(); !text.empty()) return std::string(text);
  return {};
}

Unit read_unit(const std::string& name, const std::string& application, const Json& json) {
  Unit unit;
  unit.name = name;
  unit.application = application;
  unit.workload = read_info(json["workload-status"]);
  unit.agent = read_info(json["juju-status"]);
  unit.machine = json["machine"].as_string();
  unit.address = first_of(json, {"public-address", "address"});
  unit.leader = json["leader"].as_bool();
  unit.error = status_error(json);
  return unit;
}

Application read_application(const std::string& name, const Json& json) {
  Application out;
  out.name = name;
  out.charm = first_of(json, {"charm-name", "charm"});
  out.charm_revision = whole_number(json["charm-rev"]);
  out.channel = json["charm-channel"].as_string();
  out.status = read_info(json["application-status"]);
  out.life = json["life"].as_string();
  out.scale = whole_number(json["scale"]);
  if (out.scale && (*out.scale < 0 || *out.scale > k_largest_scale)) out.scale.reset();
  for (const auto& principal : json["subordinate-to"].items())
    out.subordinate_to.push_back(principal.as_string());
  if (!out.subordinate_to.empty()) out.kind = ApplicationKind::subordinate;
  out.exposed = json["exposed"].as_bool();
  out.error = status_error(json);
  if (out.error.empty()) out.units.emplace();
  return out;
}

Application read_remote(const std::string& name, const Json& json) {
  Application out;
  out.name = name;
  out.kind = ApplicationKind::remote;
  out.url = json["url"].as_string();
  out.status = read_info(json["application-status"]);
  out.life = json["life"].as_string();
  out.error = status_error(json);
  return out;
}

/// The unit, and the subordinates beside it: their own application lists none.
void add_unit(ModelStatus& model, const std::string& name, const std::string& application,
              const Json& json) {
  model.units.push_back(read_unit(name, application, json));
  const auto principal = model.units.size() - 1;
  for (const auto& [subordinate, body] : json["subordinates"].members()) {
    auto unit = read_unit(subordinate, subordinate.substr(0, subordinate.find('/')), body);
    unit.principal = name;
    unit.machine = model.units[principal].machine;
    model.units.push_back(std::move(unit));
  }
}

/// Units of applications that the answer does not list are counted all the same.
void add_unlisted(ModelStatus& model) {
  std::unordered_set<std::string> listed;
  for (const auto& application : model.applications) listed.insert(application.name);
  for (const auto& unit : model.units) {
    if (!listed.insert(unit.application).second) continue;
    Application application;
    application.name = unit.application;
    application.kind = ApplicationKind::subordinate;
    application.units.emplace();
    model.applications.push_back(std::move(application));
  }
}

}  // namespace

// ---------------------------------------------------------------- health

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

/// Judges each unit, and from them each application. Whoever reads a cut out of it must know:
/// - bad is only what Juju says of a unit it is in touch with, or that one agent among others is
///   lost;
/// - unknown is what Juju could not read, words that cdctl does not know, a charm that says nothing
///   of itself, and all units when every agent is lost at once (then the controller has lost them,
///   or has just been started).
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

}  // namespace

Result<ModelStatus> parse_status(const Json& json) {
  const auto& head = json["model"];
  const auto& applications = json["applications"];
  if (!head.is_object() || !applications.is_object())
    return fail(ExitCode::unknown, "the answer is not the status of a model");
  ModelStatus model;
  model.name = head["name"].as_string();
  model.type = head["type"].as_string();
  model.controller = head["controller"].as_string();
  model.cloud = head["cloud"].as_string();
  model.version = head["version"].as_string();
  model.status = read_info(head["model-status"]);
  for (const auto& [name, body] : applications.members()) {
    model.applications.push_back(read_application(name, body));
    for (const auto& [unit, unit_body] : body["units"].members())
      add_unit(model, unit, name, unit_body);
  }
  add_unlisted(model);
  for (const auto& [name, body] : json["application-endpoints"].members())
    model.applications.push_back(read_remote(name, body));
  judge(model);
  return model;
}

}  // namespace cdctl::juju
