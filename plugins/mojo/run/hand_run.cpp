#include "plugins/mojo/run/hand_run.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/collect/collect.hpp"
#include "plugins/mojo/run/bundle_step.hpp"
#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/run/runner.hpp"
#include "plugins/mojo/run/script.hpp"
#include "plugins/mojo/run/set_launcher.hpp"
#include "plugins/mojo/spec/address.hpp"
#include "plugins/mojo/spec/checkouts.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

Json spec_json(const SourceState& spec) {
  return Json::object(
      {{"kind", spec.kind}, {"url", shown_address(spec.url)}, {"revision", spec.revision}});
}

/// Neither may hold the other: one would be emptied, or copied into itself.
Result<> apart(const SpecAddress& address, const Workspace& workspace) {
  if (address.kind != "folder" ||
      (!inside(address.url, workspace.root) && !inside(workspace.root, address.url)))
    return {};
  return fail(
      ExitCode::usage,
      fmt::format(
          "the spec {} and the workspace {} are inside each other; name another root or workspace",
          address.url, workspace.root.string()));
}

/// Puts the spec into the workspace, which is emptied once it is here: an address that cannot be
/// read costs nothing.
Result<Json> fresh(Host& host, const RunSettings& settings, const Workspace& workspace,
                   const Deadline& deadline) {
  if (settings.who.spec.empty())
    return fail(ExitCode::usage, "no spec given: name it, or set MOJO_SPEC");
  CDCTL_TRY_ASSIGN(const auto address, parse_spec_address(settings.who.spec));
  CDCTL_TRY(apart(address, workspace));
  const auto incoming = workspace.root / "spec.new";
  CDCTL_TRY(remove_tree(incoming));
  CDCTL_TRY_ASSIGN(const auto spec, fetch_spec(host, address, incoming, deadline));
  // A workspace without workspace.json does not count: what a kill leaves from here on is not
  // resumed.
  CDCTL_TRY(remove_tree(workspace.root / "workspace.json"));
  CDCTL_TRY(workspace.make());
  std::error_code error;
  fs::rename(incoming, workspace.spec, error);
  if (error)
    return fail(fmt::format("moving the spec to {}: {}", workspace.spec.string(), error.message()));
  auto json = Json::object({{"spec", spec_json(spec)},
                            {"address", shown_address(settings.who.spec)},
                            {"stage", settings.who.stage},
                            {"made_at", to_rfc3339(now())}});
  CDCTL_TRY(write_workspace(workspace.root, json));
  crash_point("mojo.fetched");
  return json;
}

/// What is there from an earlier run.
Result<Json> kept(const RunSettings& settings, const Workspace& workspace) {
  auto json = read_workspace(workspace.root);
  std::error_code error;
  if (!json.is_object() || !fs::is_directory(workspace.spec, error)) {
    return fail(ExitCode::usage,
                fmt::format("there is nothing to go on with in {}: run the whole manifest once",
                            settings.workspace_folder().string()));
  }
  return json;
}

/// A word as a shell takes it for one.
std::string shell_word(const std::string& word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:,=+@%~").contains(c);
  };
  if (!word.empty() && word.front() != '~' && std::ranges::all_of(word, plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// One run, from its settings to its end.
class Hand {
 public:
  Hand(Host& host, const HandRun& hand)
      : host_(host),
        hand_(hand),
        settings_(hand.settings),
        workspace_(settings_.workspace_folder()) {
    if (const char* extra = std::getenv("MOJO_LOGFILE"); extra && *extra)
      workspace_.extra_log = fs::absolute(extra);
  }

  Result<> run() {
    CDCTL_TRY(need_workspace(settings_));
    CDCTL_TRY(check_project(settings_));
    CDCTL_TRY(make_project(settings_, ""));
    CDCTL_TRY_ASSIGN(const auto hold, WorkspaceHold::take(workspace_.root));
    CDCTL_TRY(end_leftovers());
    const bool resumes = hand_.selection.resumes() || hand_.phase_line;
    auto state =
        resumes ? kept(settings_, workspace_) : fresh(host_, settings_, workspace_, hand_.deadline);
    if (!state) return fail(std::move(state.error()));
    if (settings_.who.spec.empty()) settings_.who.spec = (*state)["address"].as_string();
    if (resumes) CDCTL_TRY(same_stage((*state)["stage"].as_string()));
    return in_workspace(*state);
  }

 private:
  Result<> same_stage(const std::string& stage) {
    if (settings_.who.stage.empty()) settings_.who.stage = stage;
    if (settings_.who.stage == stage) return {};
    return fail(
        ExitCode::usage,
        fmt::format(
            "the workspace was made for stage '{}', not '{}'; run the whole manifest for another",
            stage, settings_.who.stage));
  }

  Result<> in_workspace(Json& state) {
    const auto secrets =
        secrets_folder(settings_.who.root, settings_.who.project, settings_.who.stage);
    Mask mask;
    mask.add_environment();
    CDCTL_TRY(install_secrets(secrets, workspace_.local, !settings_.who.stage.empty(), mask,
                              hand_.deadline));
    const Stage stage(workspace_.spec, settings_.who.stage);
    const auto env = mojo_environment(settings_.who, workspace_);
    PlanOptions options{
        stage, {}, [&](const std::string& name) { return environment_value(env, name); }, secrets};
    options.lenient = hand_.lenient;
    options.procfile_later = true;
    options.timeout = hand_.phase_timeout;
    auto plan = hand_.phase_line ? plan_text(options, *hand_.phase_line, "command line")
                                 : make_plan(options, settings_.manifest);
    CDCTL_TRY_ASSIGN(const auto bundles, check_bundles(plan, hand_.deadline));
    std::ranges::copy(bundles, std::back_inserter(plan.problems));
    CDCTL_TRY(usable(plan));
    auto steps = select_steps(plan, hand_.selection, read_journal(workspace_));
    if (!steps) return fail(std::move(steps.error()));
    if (steps->empty() && hand_.selection.from.empty())
      host_.log(Level::warning,
                fmt::format("{}: it has no phase, so nothing was run", plan.manifest));
    crash_point("mojo.checked");

    const std::map<std::string, Fetched> no_sources;
    Collector collector(host_, settings_.who.project, workspace_, no_sources);
    SourceState spec{state["spec"]["kind"].as_string(),
                     state["spec"]["url"].as_string(),
                     state["spec"]["revision"].as_string(),
                     {}};
    SetLauncher launcher(host_, settings_, workspace_, std::move(spec), state);
    const auto deploys = [](const PlannedStep& step) {
      return step.kind() == PhaseKind::deploy || step.kind() == PhaseKind::bundle;
    };
    if (std::ranges::any_of(*steps, deploys)) CDCTL_TRY(launcher.check());
    Run run{host_,
            workspace_,
            stage,
            settings_.who.project,
            settings_.who.series,
            secrets,
            env,
            mask,
            collector,
            launcher,
            {}};
    run.locked = hand_.locked;
    run.live = !hand_.quiet;
    run.started = launcher.started_before();
    run.report = [&](const PhaseRecord& record) { report(record); };
    const auto end = run_steps(*steps, run, hand_.deadline);
    if (!end) {
      launcher.abandon(end.error());
      note_run("failed");
      return fail(with_way_on(plan, end.error()));
    }
    const bool whole =
        hand_.selection.until.empty() && hand_.selection.only.empty() && !hand_.phase_line;
    if (whole || launcher.owes_finish()) CDCTL_TRY(launcher.finish(hand_.deadline));
    note_run(whole ? "complete" : "ended");
    return {};
  }

  /// The journal is of runs of the manifest: single phases in between do not count.
  [[nodiscard]] bool journaled() const { return !hand_.phase_line && hand_.selection.only.empty(); }
  void note_run(const char* how) {
    if (journaled()) journal(Json::object({{"run", how}, {"time", to_rfc3339(now())}}));
  }
  void journal(const Json& record) {
    auto done = append_journal(workspace_, record);
    if (done || journal_lost_) return;
    journal_lost_ = true;
    host_.log(Level::warning, done.error().what + "; --from failed will not know this run");
  }

  /// A run that was killed can have left its script running, in this very workspace.
  Result<> end_leftovers() const {
    const auto journal = read_journal(workspace_);
    if (journal.empty() || !journal.back()["run"].is_null()) return {};
    CDCTL_TRY_ASSIGN(const int count,
                     kill_marked(run_marker(workspace_), hand_.deadline.at_most(Millis(10'000))));
    if (count > 0)
      host_.log(Level::note, fmt::format("ended {} of the run before, which was cut short",
                                         plural(count, "process", "processes")));
    return {};
  }

  Result<> usable(const Plan& plan) const {
    for (const auto& warning : plan.warnings) host_.log(Level::warning, warning.str());
    if (plan.problems.empty()) return {};
    for (const auto& problem : plan.problems) hand_.report({ExitCode::config, problem.str()});
    return fail(
        ExitCode::config,
        fmt::format("{} of the spec: nothing was run",
                    plan.problems.size() == 1 ? "a problem"
                                              : fmt::format("{} problems", plan.problems.size())));
  }

  void report(const PhaseRecord& record) {
    if (journaled()) journal(records::encode(record));
    if (record.state != "running") {
      hand_.write(records::encode(record));
      return;
    }
    hand_.flush();
    at_ = {record.path, static_cast<std::size_t>(record.line)};
  }

  /// The command that goes on from where this run stopped, to be pasted into a shell.
  Error with_way_on(const Plan& plan, Error error) const {
    if (hand_.phase_line || at_.first.empty()) return error;
    const auto& who = settings_.who;
    std::vector<std::string> words{"cdctl",     "mojo",      "-r",       who.root.string(), "run",
                                   "--project", who.project, "--series", who.series};
    const auto option = [&](const char* name, const std::string& value) {
      if (!value.empty()) words.insert(words.end(), {name, value});
    };
    option("--stage", who.stage);
    option("-m", settings_.manifest == "manifest" ? "" : settings_.manifest);
    option("--engine", settings_.engine == "local" ? "" : settings_.engine);
    option("--phase-timeout",
           hand_.phase_timeout == HandRun().phase_timeout ? "" : to_duration(hand_.phase_timeout));
    option("--until", hand_.selection.until);
    if (hand_.locked) words.emplace_back("--locked");
    if (hand_.lenient) words.emplace_back("--lenient");
    option("--from", step_name(plan, at_.first, at_.second));
    words.insert(words.end(), {shown_address(who.spec), who.workspace});
    std::ranges::transform(words, words.begin(), shell_word);
    error.what += "; go on from there with: " + joined(words, " ");
    return error;
  }

  Host& host_;
  const HandRun& hand_;
  RunSettings settings_;
  Workspace workspace_;
  std::pair<std::string, std::size_t> at_;
  bool journal_lost_ = false;
};

}  // namespace

Result<> run_by_hand(Host& host, const HandRun& hand) { return Hand(host, hand).run(); }

Result<fs::path> make_workspace(Host& host, const RunSettings& settings, const Deadline& deadline) {
  CDCTL_TRY(need_workspace(settings));
  CDCTL_TRY(make_project(settings, ""));
  const Workspace workspace(settings.workspace_folder());
  CDCTL_TRY_ASSIGN(const auto hold, WorkspaceHold::take(workspace.root));
  if (!read_workspace(workspace.root).is_null()) {
    return fail(ExitCode::refused,
                fmt::format("workspace {} is there already; remove it first, or run in it",
                            workspace.root.string()));
  }
  CDCTL_TRY(fresh(host, settings, workspace, deadline));
  return workspace.root;
}

}  // namespace cdctl::mojo
