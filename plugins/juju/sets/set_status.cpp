#include "plugins/juju/sets/set_status.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::juju {

namespace {

/// The addresses of its sources: those of the configuration, as far as it still names them.
void add_urls(SetStatus& to, const Host& host) {
  const auto* config = host.config().service(to.name.service);
  if (!config) return;
  for (const auto& source : config->sources)
    if (const auto at = to.sources.find(source.name);
        at != to.sources.end() && at->second.kind == source.kind)
      at->second.url = source.url;
}

/// Of a set that neither lives nor is being reaped.
std::string state_of_deploy(const ControllerHome& home, const SetName& set, const Metadata& m) {
  if (at_work(home.set(set))) return "deploying";
  if (!m.leased(now())) return "partial";
  return home.known_machine() == m.machine ? "partial" : "deploying";  // nobody here holds its lock
}

std::string state_of(const ControllerHome& home, const SetName& set, const ModelItem& model,
                     const Metadata& m) {
  if (dying(model) || m.state == "reaping") return "reaping";
  return m.state == "live" ? "live" : state_of_deploy(home, set, m);
}

Json unit_detail(const Unit& unit) {
  return Json::object({{"unit", unit.name},
                       {"process", unit.application},
                       {"state", to_string(unit.health)},
                       {"why", unit.why},
                       {"workload", unit.workload.current},
                       {"agent", unit.agent.current},
                       {"machine", unit.machine}});
}

bool counted(const Application& application, std::string_view wanted) {
  return wanted.empty() ? application.kind == ApplicationKind::principal
                        : application.name == wanted;
}

/// The models that services share, each with its services.
struct Group {
  ModelItem model;
  std::vector<std::string> services;
};

Result<std::map<std::string, Group>> groups(Host& host, const ControllerHome& home,
                                            const Listing& listing,
                                            std::optional<std::string_view> service) {
  std::map<std::string, Group> out;
  for (const auto& config : host.config().services) {
    if (config.engine != "juju" || (service && config.name != *service)) continue;
    const auto settings = settings_for(host, config.name);
    if (!settings && service) return fail(settings.error());
    if (!settings) {  // one team's slip stops no other team
      host.log(Level::warning, settings.error().what);
      continue;
    }
    if (settings->isolation != Isolation::application) continue;
    CDCTL_TRY_ASSIGN(const auto model, find_shared_model(home, listing, *settings));
    auto& group = out[model.uuid];
    group.model = model;
    group.services.push_back(config.name);
  }
  return out;
}

Result<> add_group(const Host& host, const ControllerHome& home, const Group& group,
                   const SharedModel& shared, std::vector<SetStatus>& to) {
  for (const auto& service : group.services) {
    std::set<SetName> names;
    for (const auto& application : shared.status.applications) {
      const auto set = parse_set_name(application.name);
      if (set && set->service == service && application.kind != ApplicationKind::remote)
        names.insert(*set);
    }
    for (const auto& set : sets_at_work(
             shared.tags))  // their deploy has not come to an application, or it is gone already
      if (set.service == service) names.insert(set);
    for (const auto& name : names) {
      CDCTL_TRY_ASSIGN(auto status, shared_set_status(host, home, name, shared));
      if (status.state != "absent") to.push_back(std::move(status));
    }
  }
  return {};
}

}  // namespace

SetStatus bare_status(const Host&, const ControllerHome& home, const SetName& set) {
  SetStatus out;
  out.name = set;
  out.engine = "juju";
  out.home = home.id();
  out.state = "absent";
  const auto text = read_file_if_there(home.set(set).attempts());
  const auto json = text && *text ? Json::parse(**text) : Result<Json>(Json());
  if (!json || !json->is_object()) return out;
  out.attempts = (*json)["attempts"].as_int();
  out.retry_at = parse_rfc3339((*json)["retry_at"].view());
  if ((*json)["why"].is_string()) out.detail.set("last_failure", (*json)["why"]);
  return out;
}

SetStatus status_of(const Host& host, const ControllerHome& home, const SetName& set,
                    const ModelItem& model, const Metadata& m) {
  auto out = bare_status(host, home, set);
  out.state = state_of(home, set, model, m);
  out.deployed_at = m.deployed_at;
  out.sources = m.sources;
  out.served = m.served.has_value();
  add_urls(out, host);
  out.detail.set("model", model.name).set("model_uuid", model.uuid);
  if (!m.by.empty()) out.detail.set("by", m.by);
  return out;
}

Result<SetStatus> status_of(const Host& host, const ControllerHome& home, const SetName& set,
                            const Application* application, const Metadata& m) {
  auto out = bare_status(host, home, set);
  if (application && !application->error.empty())
    return fail(ExitCode::unknown, fmt::format("Juju could not read application {}: {}; try again",
                                               set.str(), printable(application->error, 120)));
  if (!application && m.state.empty()) return out;
  // One that goes because its deploy was given up is not being reaped: the next deploy takes it.
  if (m.state.empty())
    out.state = application && leaving(application->life) ? "reaping" : "live";
  else
    out.state = m.state == "reaping" ? "reaping" : state_of_deploy(home, set, m);
  out.deployed_at = m.deployed_at;
  out.served = out.state == "live";
  if (!m.by.empty()) out.detail.set("by", m.by);
  return out;
}

void add_units(SetStatus& to, const ModelStatus& status, std::string_view application,
               std::optional<std::int64_t> wanted) {
  Json units = Json::array();
  for (const auto& unit : status.units)
    if (application.empty() || unit.application == application) units.push_back(unit_detail(unit));
  to.detail.set("units", std::move(units));
  Counts sum;
  for (const auto& one : status.applications) {
    if (!counted(one, application)) continue;
    if (!one.units) return;  // Juju could not read it: nothing is known of the whole
    sum.up += one.units->up;
    sum.down += one.units->down;
    sum.bad += one.units->bad;
    sum.unknown += one.units->unknown;
  }
  to.want = std::max(sum.want(), wanted.value_or(0));
  if (status.everyone_lost || (sum.up == 0 && sum.unknown > 0)) return;
  to.up = sum.up;
  if (to.state == "live" && sum.up == 0 && sum.down == 0 && *to.want > 0) to.state = "down";
}

Result<SetStatus> shared_set_status(const Host& host, const ControllerHome& home,
                                    const SetName& set, const SharedModel& shared) {
  const auto* application = shared.find(set);
  CDCTL_TRY_ASSIGN(auto out, status_of(host, home, set, application, work_of(shared.tags, set)));
  out.detail.set("model", shared.model.name).set("model_uuid", shared.model.uuid);
  if (application) add_units(out, shared.status, application->name, {});
  return out;
}

Result<> add_shared_sets(Host& host, const ControllerHome& home, const Access& access,
                         const Listing& listing, std::optional<std::string_view> service,
                         std::vector<SetStatus>& to) {
  CDCTL_TRY_ASSIGN(const auto by_model, groups(host, home, listing, service));
  std::vector<NamedQuestion> questions;
  for (const auto& [uuid, group] : by_model) {
    questions.push_back({status_question(home.model(uuid)),
                         fmt::format("reading the status of model {}", group.model.name)});
    questions.push_back({tags_question(home.model(uuid)),
                         fmt::format("reading the tags of model {}", group.model.name)});
  }
  const auto answers = juju_calls(access, questions);
  std::size_t i = 0;
  for (const auto& [uuid, group] : by_model) {
    auto status = take_status(answers[i], questions[i].attempt);
    if (!status) return fail(status.error().error);
    auto tags = take_tags(answers[i + 1], questions[i + 1].attempt);
    if (!tags) return fail(tags.error().error);
    i += 2;
    const SharedModel shared{group.model, std::move(*status), std::move(*tags), listing.all};
    CDCTL_TRY(add_group(host, home, group, shared, to));
  }
  return {};
}

}  // namespace cdctl::juju
