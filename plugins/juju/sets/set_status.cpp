#include "plugins/juju/sets/set_status.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
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
std::string state_of_deploy(const Place& place, const SetName& set, const Metadata& m) {
  if (at_work(place.set(set))) return "deploying";
  if (!m.leased(now())) return "partial";
  return place.known_machine() == m.machine ? "partial"
                                            : "deploying";  // nobody here holds its lock
}

std::string state_of(const Place& place, const SetName& set, const ModelItem& model,
                     const Metadata& m) {
  if (dying(model) || m.state == "reaping") return "reaping";
  return m.state == "live" ? "live" : state_of_deploy(place, set, m);
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
  return wanted.empty() ? application.kind == Kind::principal : application.name == wanted;
}

}  // namespace

bool at_work(const SetFolder& folder) {
  const Fd fd(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno != ENOENT;
  return OfdLock::held(fd.get(), "lock").value_or(true);
}

SetStatus bare_status(const Host&, const Place& place, const SetName& set) {
  SetStatus out;
  out.name = set;
  out.engine = "juju";
  out.home = place.home();
  out.state = "absent";
  const auto text = read_file_if_there(place.set(set).attempts());
  const auto json = text && *text ? Json::parse(**text) : Result<Json>(Json());
  if (!json || !json->is_object()) return out;
  out.attempts = (*json)["attempts"].as_int();
  out.retry_at = parse_rfc3339((*json)["retry_at"].view());
  if ((*json)["why"].is_string()) out.detail.set("last_failure", (*json)["why"]);
  return out;
}

SetStatus status_of(const Host& host, const Place& place, const SetName& set,
                    const ModelItem& model, const Metadata& m) {
  auto out = bare_status(host, place, set);
  out.state = state_of(place, set, model, m);
  out.deployed_at = m.deployed_at;
  out.sources = m.sources;
  out.served = m.served.has_value();
  add_urls(out, host);
  out.detail.set("model", model.name).set("model_uuid", model.uuid);
  if (!m.by.empty()) out.detail.set("by", m.by);
  return out;
}

Result<SetStatus> status_of(const Host& host, const Place& place, const SetName& set,
                            const Application* application, const Metadata& m) {
  auto out = bare_status(host, place, set);
  if (application && !application->error.empty())
    return fail(ExitCode::unknown, fmt::format("Juju could not read application {}: {}; try again",
                                               set.str(), printable(application->error, 120)));
  if (!application && m.state.empty()) return out;
  const bool leaving = application && (application->life == "dying" || application->life == "dead");
  // One that goes because its deploy was given up is no reap: the next deploy takes it.
  if (m.state.empty())
    out.state = leaving ? "reaping" : "live";
  else
    out.state = m.state == "reaping" ? "reaping" : state_of_deploy(place, set, m);
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

}  // namespace cdctl::juju
