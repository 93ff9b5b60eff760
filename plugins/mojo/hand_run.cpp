#include "hand_run.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/process.hpp>

#include "bundle_step.hpp"
#include "checkouts.hpp"
#include "collect.hpp"
#include "phases.hpp"
#include "runner.hpp"
#include "set_launcher.hpp"
#include "spec_address.hpp"
#include "sweep.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

Json spec_json(const SourceState& spec) { return Json::object({{"kind", spec.kind}, {"url", spec.url}, {"revision", spec.revision}}); }

/// Empties the workspace and puts the spec in.
Result<Json> fresh(Host& host, const Settings& settings, const Workspace& workspace, const Deadline& deadline) {
  if (settings.who.spec.empty()) return fail(ExitCode::usage, "no spec given: name it, or set MOJO_SPEC");
  CDCTL_TRY_ASSIGN(const auto address, parse_spec_address(settings.who.spec));
  CDCTL_TRY(workspace.make());
  CDCTL_TRY_ASSIGN(const auto spec, fetch_spec(host, address, workspace.spec, deadline));
  auto json = Json::object({{"spec", spec_json(spec)}, {"address", settings.who.spec}, {"stage", settings.who.stage}, {"made_at", to_rfc3339(now())}});
  CDCTL_TRY(write_workspace(workspace.root, json));
  crash_point("mojo.fetched");
  return json;
}

/// What is there from an earlier run.
Result<Json> kept(const Settings& settings, const Workspace& workspace) {
  auto json = read_workspace(workspace.root);
  std::error_code error;
  if (!json.is_object() || !fs::is_directory(workspace.spec, error)) {
    return fail(ExitCode::usage, fmt::format("there is nothing to go on with in {}: run the whole manifest once", settings.workspace_folder().string()));
  }
  return json;
}

/// One run, from its settings to its end.
class Hand {
 public:
  Hand(Host& host, const HandRun& hand) : host_(host), hand_(hand), settings_(hand.settings), workspace_(settings_.workspace_folder()) {
    if (const char* extra = std::getenv("MOJO_LOGFILE"); extra && *extra) workspace_.extra_log = fs::absolute(extra);
  }

  Result<> run() {
    CDCTL_TRY(need_workspace(settings_));
    CDCTL_TRY(check_project(settings_));
    CDCTL_TRY(make_project(settings_, ""));
    CDCTL_TRY_ASSIGN(const auto hold, WorkspaceHold::take(workspace_.root));
    CDCTL_TRY(end_leftovers());
    const bool resumes = hand_.selection.resumes() || hand_.phase_line;
    auto memory = resumes ? kept(settings_, workspace_) : fresh(host_, settings_, workspace_, hand_.deadline);
    if (!memory) return fail(std::move(memory.error()));
    if (settings_.who.spec.empty()) settings_.who.spec = (*memory)["address"].as_string();
    return in_workspace(*memory);
  }

 private:
  Result<> in_workspace(Json& memory) {
    const auto secrets = secrets_folder(settings_.who.root, settings_.who.project, settings_.who.stage);
    Mask mask;
    mask.add_environment();
    CDCTL_TRY(install_secrets(secrets, workspace_.local, mask, hand_.deadline));
    const Stage stage(workspace_.spec, settings_.who.stage);
    const auto env = mojo_environment(settings_.who, workspace_);
    PlanPlaces places{stage, {}, [&](const std::string& name) { return environment_value(env, name); }, secrets};
    places.lenient = hand_.lenient;
    places.procfile_later = true;
    places.timeout = hand_.phase_timeout;
    auto plan = hand_.phase_line ? plan_text(places, *hand_.phase_line, "command line") : make_plan(places, settings_.manifest);
    CDCTL_TRY_ASSIGN(const auto bundles, check_bundles(plan, hand_.deadline));
    std::ranges::copy(bundles, std::back_inserter(plan.problems));
    CDCTL_TRY(usable(plan));
    auto steps = select_steps(plan, hand_.selection, read_journal(workspace_));
    if (!steps) return fail(std::move(steps.error()));
    crash_point("mojo.checked");

    const std::map<std::string, Fetched> no_sources;
    Collector collector(host_, settings_.who.project, workspace_, no_sources);
    SourceState spec{memory["spec"]["kind"].as_string(), memory["spec"]["url"].as_string(), memory["spec"]["revision"].as_string(), {}};
    SetLauncher launcher(host_, settings_, workspace_, std::move(spec), memory);
    Run run{host_, workspace_, stage, settings_.who.project, settings_.who.series, secrets, env, mask, collector, launcher, {}};
    run.locked = hand_.locked;
    run.live = !hand_.quiet;
    run.started = launcher.started_before();
    run.tell = [&](const Json& record) { tell(record); };
    const auto end = run_steps(*steps, run, hand_.deadline);
    if (!end) {
      launcher.abandon(end.error());
      return fail(with_way_on(plan, end.error()));
    }
    const bool whole = hand_.selection.until.empty() && hand_.selection.only.empty() && !hand_.phase_line;
    if (whole) return launcher.finish(hand_.deadline);
    return {};
  }

  /// A run that was killed may have left its script running, in this very workspace.
  Result<> end_leftovers() const {
    const auto journal = read_journal(workspace_);
    if (journal.empty() || journal.back()["state"].view() != "running") return {};
    CDCTL_TRY_ASSIGN(const int count, kill_marked("MOJO_SPEC_DIR=" + workspace_.spec.string(), hand_.deadline.at_most(Millis(10'000))));
    if (count > 0) host_.log(Level::note, fmt::format("ended {} process{} of the run before, which was cut short", count, count == 1 ? "" : "es"));
    return {};
  }

  Result<> usable(const Plan& plan) const {
    for (const auto& warning : plan.warnings) host_.log(Level::warning, warning.str());
    if (plan.problems.empty()) return {};
    for (const auto& problem : plan.problems) hand_.report({ExitCode::config, problem.str()});
    return fail(ExitCode::config, fmt::format("{} of the spec: nothing was run", plan.problems.size() == 1 ? "a problem" : fmt::format("{} problems", plan.problems.size())));
  }

  void tell(const Json& record) {
    if (auto done = append_journal(workspace_, record); !done && !journal_lost_) {
      journal_lost_ = true;
      host_.log(Level::warning, done.error().what + "; --from failed will not know this run");
    }
    if (record["state"].view() != "running") {
      hand_.write(record);
      return;
    }
    hand_.flush();
    at_ = {record["path"].as_string(), static_cast<std::size_t>(record["line"].as_int())};
  }

  /// The command that goes on from where this run stopped.
  Error with_way_on(const Plan& plan, Error error) const {
    if (hand_.phase_line || at_.first.empty()) return error;
    const auto& who = settings_.who;
    auto command = fmt::format("cdctl mojo -r {} run --project {} --series {}", who.root.string(), who.project, who.series);
    if (!who.stage.empty()) command += " --stage " + who.stage;
    if (settings_.manifest != "manifest") command += " -m " + settings_.manifest;
    error.what += fmt::format("; go on from there with: {} --from {} {} {}", command, step_name(plan, at_.first, at_.second), quoted_word(who.spec), who.workspace);
    return error;
  }

  Host& host_;
  const HandRun& hand_;
  Settings settings_;
  Workspace workspace_;
  std::pair<std::string, std::size_t> at_;
  bool journal_lost_ = false;
};

}  // namespace

Result<> run_by_hand(Host& host, const HandRun& hand) { return Hand(host, hand).run(); }

Result<fs::path> make_workspace(Host& host, const Settings& settings, const Deadline& deadline) {
  CDCTL_TRY(need_workspace(settings));
  CDCTL_TRY(make_project(settings, ""));
  const Workspace workspace(settings.workspace_folder());
  CDCTL_TRY_ASSIGN(const auto hold, WorkspaceHold::take(workspace.root));
  if (!read_workspace(workspace.root).is_null()) {
    return fail(ExitCode::refused, fmt::format("workspace {} is there already; remove it first, or run in it", workspace.root.string()));
  }
  CDCTL_TRY(fresh(host, settings, workspace, deadline));
  return workspace.root;
}

}  // namespace cdctl::mojo
