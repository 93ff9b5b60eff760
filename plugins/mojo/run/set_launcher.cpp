#include "plugins/mojo/run/set_launcher.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/spec/address.hpp"
#include "plugins/mojo/spec/copy_tree.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

Json to_json(const std::vector<Process>& processes) {
  auto out = Json::array();
  for (const auto& process : processes)
    out.push_back(Json::object(
        {{"type", process.type}, {"command", process.command}, {"units", process.units}}));
  return out;
}

}  // namespace

void SetLauncher::collected(const std::vector<Collected>& what) {
  auto all = state_["collected"].is_object() ? state_["collected"] : Json::object();
  for (const auto& one : what) {
    auto revision = one.revision;
    // What comes from outside the spec has no revision but what it holds.
    if (revision.empty() && one.kind == "local")
      revision = folder_digest(workspace_.build / one.destination).value_or("");
    all.set(one.destination, fmt::format("{} {} {}", one.kind, shown_address(one.url), revision));
  }
  state_.set("collected", std::move(all));
  save_state();
}

void SetLauncher::save_state() {
  if (auto written = write_workspace(workspace_.root, state_); !written)
    host_.log(Level::warning, written.error().what);
}

Sources SetLauncher::sources() const {
  std::string lines;
  for (const auto& [destination, text] : state_["collected"].members())
    lines += destination + " " + text.as_string() + "\n";
  const auto& who = settings_.who;
  const auto how = fmt::format("{}\n{}\n{}\n", who.stage, who.series, settings_.manifest);
  return {{"spec", spec_},
          {"collected", {"file", "", sha256_hex(lines), {}}},
          {"run", {"file", "", sha256_hex(how), {}}}};
}

Result<SetName> SetLauncher::set_name() const {
  const auto& project = settings_.who.project;
  if (!valid_service_name(project)) {
    return fail(
        ExitCode::config,
        fmt::format(
            "project '{}' cannot name a worker set: small letters, digits and single dashes can",
            printable(project, 60)));
  }
  if (host_.config().service(project)) {
    return fail(ExitCode::refused,
                fmt::format("{} is a service of {}, with guards that a run by hand does not know; "
                            "deploy it with: cdctl deploy {}",
                            project, host_.config().file.string(), project));
  }
  return SetName{project, revision_id(sources())};
}

Result<> SetLauncher::check() const {
  CDCTL_TRY(set_name());
  return {};
}

Result<> SetLauncher::claim(const Deadline& deadline) {
  if (claim_) return {};
  CDCTL_TRY_ASSIGN(const auto name, set_name());
  CDCTL_TRY_ASSIGN(auto* engine, host_.engine(settings_.engine));
  CDCTL_TRY_ASSIGN(claim_, engine->claim(name, sources(), now(), deadline));
  was_live_ = claim_->found().state == "live";
  mine_ = state_["set"].view() == name.str() && !state_["processes"].is_null();
  state_.set("set", name.str());
  save_state();
  crash_point("mojo.set-claimed");
  return {};
}

std::map<std::string, std::string> SetLauncher::unit_environment() const {
  const auto name = parse_set_name(state_["set"].view());
  std::map<std::string, std::string> out{{"CDCTL_SERVICE", name->service},
                                         {"CDCTL_REVISION", name->revision},
                                         {"CDCTL_SET", name->str()}};
  if (const char* broker = std::getenv("AMQP_URL")) out["AMQP_URL"] = broker;
  return out;
}

bool SetLauncher::nothing_to_start(const Json& wanted) const {
  const bool same = !mine_ || state_["processes"] == wanted;
  if (!was_live_ || started_ || !same) return false;
  host_.log(Level::note, fmt::format("{} is live already at this revision: nothing to start",
                                     state_["set"].view()));
  return true;
}

Result<bool> SetLauncher::takes_bundles(const Deadline& deadline) {
  if (settings_.engine == "local") return false;
  CDCTL_TRY(claim(deadline));
  return claim_->takes_bundles();
}

Result<> SetLauncher::start_bundle(const Json& bundle, const Deadline& deadline) {
  CDCTL_TRY(claim(deadline));
  // What a bundle holds can be secret, and this state is shown to people: a digest tells two apart
  // as well.
  auto wanted = Json::array({sha256_hex(bundle.canonical())});
  if (nothing_to_start(wanted)) return {};
  if (!started_) CDCTL_TRY(claim_->clean(deadline));
  state_.set("processes", std::move(wanted));
  save_state();
  mine_ = started_ = true;
  CDCTL_TRY(claim_->start_bundle({bundle, unit_environment()}, deadline));
  crash_point("mojo.set-started");
  host_.log(Level::note,
            fmt::format("{}: handed {} applications to engine {}", state_["set"].view(),
                        bundle["applications"].members().size(), settings_.engine));
  return {};
}

Result<> SetLauncher::run_release(const ToStart& what, Workload workload,
                                  const Deadline& deadline) {
  workload.processes = what.release_process();
  CDCTL_TRY_ASSIGN(const auto ran, claim_->run(workload, deadline));
  host_.log(Level::note, fmt::format("{}: its {} command has ended: {}", state_["set"].view(),
                                     k_release, ran.end));
  if (ran.ok()) return {};
  return fail(ran.exit, fmt::format("{}: its {} command failed: {}", state_["set"].view(),
                                    k_release, ran.end));
}

Result<> SetLauncher::start(const ToStart& what, const Deadline& deadline) {
  CDCTL_TRY(claim(deadline));
  const auto set = state_["set"].as_string();
  const auto& processes = what.processes;
  if (nothing_to_start(to_json(processes))) return {};
  CDCTL_TRY(claim_->clean(deadline));
  const auto copy = claim_->workspace() / "build";
  CDCTL_TRY(make_directories(claim_->workspace()));
  CDCTL_TRY(copy_tree(workspace_.build, copy, false, deadline));
  const Workload workload{copy / what.directory.lexically_relative(workspace_.build),
                          processes,
                          unit_environment(),
                          {}};
  if (!what.release.empty()) CDCTL_TRY(run_release(what, workload, deadline));
  state_.set("processes", to_json(processes));
  save_state();
  mine_ = started_ = true;
  CDCTL_TRY(claim_->start(workload, deadline));
  crash_point("mojo.set-started");
  std::int64_t units = 0;
  for (const auto& process : processes) units += process.units;
  host_.log(Level::note, fmt::format("{}: started {}", set, plural(units, "unit")));
  return {};
}

Result<SetStatus> SetLauncher::describe(const Deadline& deadline) {
  const auto name = parse_set_name(state_["set"].view());
  if (!name)
    return fail(ExitCode::config,
                "this run has started no units; put the phase after deploy or bundle");
  CDCTL_TRY_ASSIGN(auto* engine, host_.engine(settings_.engine));
  return engine->describe(*name, deadline);
}

Result<> SetLauncher::finish(const Deadline& deadline) {
  if (!claim_ && state_["set"].view().empty()) return {};  // a run without units
  CDCTL_TRY(claim(deadline));
  if (!mine_) return {};
  return claim_->finish();
}

void SetLauncher::abandon(const Error& error) {
  if (claim_ && mine_) claim_->abandon(error.what);
}

std::vector<Process> SetLauncher::started_before() const {
  std::vector<Process> out;
  for (const auto& process : state_["processes"].items())
    if (process.is_object())
      out.push_back(
          {process["type"].as_string(), process["command"].as_string(), process["units"].as_int()});
  return out;
}

}  // namespace cdctl::mojo
