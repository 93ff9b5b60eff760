#include "plugins/juju/model/status.hpp"

#include <unordered_set>

#include "plugins/juju/model/health.hpp"

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
