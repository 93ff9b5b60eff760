#include "plugins/mojo/run/deployer.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/host.hpp>
#include <cdctl/http.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/time.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/collect/collect.hpp"
#include "plugins/mojo/manifest/plan.hpp"
#include "plugins/mojo/run/bundle_step.hpp"
#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/run/runner.hpp"
#include "plugins/mojo/run/script.hpp"
#include "plugins/mojo/spec/checkouts.hpp"
#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/spec/workspace.hpp"
#include "plugins/mojo/text/mask.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// A run that an installed `mojo` does for us (`runner = "mojo"`).
struct ExternalRun {
  Host& host;
  Identity identity;
  const Workspace& workspace;
  std::string manifest;
  std::map<std::string, std::string> env;
  Mask mask;
};

/// Runs `mojo -r ROOT run --project P --series S --stage ST -m MANIFEST SPEC WORKSPACE` on our
/// checkout of the spec and waits for it. Exit code `config` when no mojo is on PATH, or no series
/// is configured.
Result<> run_external(const ExternalRun& run, const Deadline& deadline) {
  const auto& who = run.identity;
  if (!find_program("mojo"))
    return fail(
        ExitCode::config,
        "mojo.runner says mojo, but no program mojo is on PATH; install it or leave runner out");
  if (who.series.empty())
    return fail(ExitCode::config, "mojo.runner says mojo, which needs mojo.series");
  std::vector<std::string> argv{"mojo",      "-r",        who.root.string(), "run",
                                "--project", who.project, "--series",        who.series};
  if (!who.stage.empty()) argv.insert(argv.end(), {"--stage", who.stage});
  argv.insert(argv.end(), {"-m", run.manifest, run.workspace.spec.string(), who.workspace});
  const Script script{
      "mojo run", std::move(argv), run.workspace.root, run.env, {run.workspace.log_file()},
      {},         deadline};
  const auto live = [&](std::string_view line) {
    run.host.progress(fmt::format("mojo: {}", line));
  };
  CDCTL_TRY_ASSIGN(const auto end, run_script(run.host, script, run.mask, live));
  if (auto done = script_result(end, script); !done)
    return fail(done.error().in("the installed mojo"));
  return {};
}

/// One deploy, from the empty workspace to the started units.
class DeployRun final : public Launcher {
 public:
  DeployRun(Host& host, const DeployRequest& request, Claim& claim, MojoOptions options)
      : host_(host),
        request_(request),
        claim_(claim),
        options_(std::move(options)),
        workspace_(claim.workspace()) {}

  Result<> run() {
    // A deploy that was killed can have left its script running, in this very workspace.
    CDCTL_TRY(kill_marked(run_marker(workspace_), request_.deadline.at_most(Millis(10'000))));
    CDCTL_TRY(workspace_.make());
    CDCTL_TRY_ASSIGN(sources_, fetch_sources(host_, request_, workspace_));
    crash_point("mojo.fetched");
    return sources_.contains("spec") ? by_manifest() : by_procfile();
  }

  Result<> start(const ToStart& what, const Deadline& deadline) override {
    Workload workload{what.directory, what.processes, request_.env, request_.service.grace(),
                      request_.service.limits};
    workload.env.merge(source_environment(sources_));
    if (!what.release.empty()) CDCTL_TRY(run_release(what, workload));
    crash_point("mojo.before-start");
    CDCTL_TRY(claim_.start(workload, deadline));
    started_ = true;
    crash_point("mojo.started");
    return {};
  }
  Result<bool> takes_bundles(const Deadline&) override { return claim_.takes_bundles(); }
  Result<> start_bundle(const Json& bundle, const Deadline& deadline) override {
    crash_point("mojo.before-start");
    CDCTL_TRY(claim_.start_bundle({bundle, request_.env}, deadline));
    started_ = true;
    crash_point("mojo.started");
    return {};
  }
  Result<SetStatus> describe(const Deadline& deadline) override {
    CDCTL_TRY_ASSIGN(auto* engine, host_.engine(request_.service.engine));
    return engine->describe(request_.set, deadline);
  }
  fs::path trunk() const override {
    const auto at = sources_.find("trunk");
    return at == sources_.end() || at->second.is_file() ? fs::path() : at->second.path;
  }

 private:
  Result<> run_release(const ToStart& what, Workload workload) {
    workload.processes = what.release_process();
    return request_.run_once(
        workload, [secrets = mask()](std::string text) { return secrets.apply(std::move(text)); });
  }

  Identity identity() const {
    return {mojo_root(host_.config(), host_.home()),
            request_.service.name,
            options_.series,
            request_.set.str(),
            options_.stage,
            sources_.at("spec").config.url};
  }
  fs::path secrets() const {
    return secrets_folder(identity().root, request_.service.name, options_.stage);
  }

  std::map<std::string, std::string> script_environment() const {
    auto env = source_environment(sources_);
    env.merge(mojo_environment(identity(), workspace_));
    env.insert({{"CDCTL_SERVICE", request_.set.service},
                {"CDCTL_REVISION", request_.set.revision},
                {"CDCTL_SET", request_.set.str()}});
    return env;
  }

  Mask mask() const {
    Mask mask;
    mask.add_environment();
    for (const auto& [name, value] : request_.env) {
      if (name.starts_with("CDCTL_")) continue;
      mask.add(value);
      if (const auto url = parse_url(value)) mask.add(url->password);
    }
    for (const auto& [name, source] : sources_) {
      if (!source.is_file()) continue;
      if (const auto text = read_file(source.path, 1u << 20)) mask.add_environment_text(*text);
    }
    return mask;
  }

  Result<> by_manifest() {
    if (sources_.at("spec").is_file())
      return fail(ExitCode::config, "source spec is a file; a spec is a git or bzr repository");
    const Stage stage(workspace_.spec, options_.stage);
    const auto env = script_environment();
    auto masked = mask();
    CDCTL_TRY(install_secrets(secrets(), workspace_.local, !options_.stage.empty(), masked,
                              request_.deadline));
    const PlanOptions options{
        stage,     trunk(), [&](const std::string& name) { return environment_value(env, name); },
        secrets(), true,    false,
        true};
    auto plan = make_plan(options, options_.manifest);
    CDCTL_TRY_ASSIGN(const auto bundles, check_bundles(plan, request_.deadline));
    std::ranges::copy(bundles, std::back_inserter(plan.problems));
    if (!plan.problems.empty())
      return fail(to_error(plan.problems)
                      .in(fmt::format("checking the manifest of {}", request_.service.name)));
    for (const auto& warning : plan.warnings) host_.log(Level::warning, warning.str());
    CDCTL_TRY(check_units(plan));
    crash_point("mojo.checked");
    if (options_.external) return by_installed_mojo(env);
    Collector collector(host_, request_.service.name, workspace_, sources_);
    const Run run{host_,  workspace_, stage, request_.service.name, options_.series, secrets(), env,
                  masked, collector,  *this, request_.service.units};
    CDCTL_TRY_ASSIGN(const auto end, run_steps(plan.steps, run, request_.deadline));
    if (end == RunEnd::stopped && !started_) {
      return fail(
          ExitCode::refused,
          "a stop-on phase ended the run before anything was deployed; it will be offered again");
    }
    return {};
  }

  /// The manifest is an installed mojo's work; units that an engine of processes can run are
  /// started after it.
  Result<> by_installed_mojo(const std::map<std::string, std::string>& env) {
    CDCTL_TRY(run_external({host_, identity(), workspace_, options_.manifest, env, mask()},
                           request_.deadline));
    crash_point("mojo.external");
    if (trunk().empty()) return {};
    return by_procfile();
  }

  /// Before anything runs: whether the Procfile has the types that `units` asks for, and that
  /// something is deployed at all.
  Result<> check_units(const Plan& plan) const {
    bool deploys = options_.external;
    for (const auto& step : plan.steps) {
      deploys = deploys || step.kind() == PhaseKind::deploy || step.kind() == PhaseKind::bundle;
      if (step.kind() != PhaseKind::deploy || !names_procfile(step.config)) continue;
      if (claim_.takes_bundles())
        return fail(ExitCode::config,
                    fmt::format("{}: engine {} runs charms and no processes of a {}; name a bundle",
                                plan.manifest, request_.service.engine, step.config));
      if (!step.file.empty()) CDCTL_TRY(to_start(step.file, step.config));
    }
    if (!deploys)
      return fail(
          ExitCode::config,
          fmt::format(
              "{}: it has no deploy or bundle phase, so nothing would run; add a line `deploy`",
              plan.manifest));
    return {};
  }

  Result<ToStart> to_start(const fs::path& procfile, const std::string& shown) const {
    std::vector<Problem> problems;
    auto entries = load_procfile(procfile, shown, problems);
    if (!problems.empty()) return fail(to_error(problems));
    auto release = take_release(entries);
    CDCTL_TRY_ASSIGN(auto processes, count_units(entries, request_.service.units, shown));
    return ToStart{std::move(processes), trunk(), std::move(release)};
  }

  Result<> by_procfile() {
    if (trunk().empty()) {
      return fail(
          ExitCode::config,
          fmt::format(
              "service {} has neither a spec nor a trunk to deploy from: add one to its [sources]",
              request_.service.name));
    }
    if (claim_.takes_bundles()) return by_trunk_bundle();
    const auto file = trunk() / "Procfile";
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored) || !inside(file, trunk())) {
      return fail(
          ExitCode::config,
          fmt::format("the trunk of {} has no Procfile; add one, or a source spec with a manifest",
                      request_.service.name));
    }
    CDCTL_TRY_ASSIGN(const auto wanted, to_start(file, "Procfile"));
    crash_point("mojo.checked");
    return start(wanted, request_.deadline);
  }

  Result<> by_trunk_bundle() {
    std::error_code ignored;
    if (!fs::is_regular_file(trunk() / "bundle.yaml", ignored)) {
      return fail(ExitCode::config,
                  fmt::format("the trunk of {} has no bundle.yaml, and engine {} runs charms; add "
                              "one, or a source spec with a manifest",
                              request_.service.name, request_.service.engine));
    }
    CDCTL_TRY_ASSIGN(const auto bundle, trunk_bundle(trunk(), request_.service.units, host_));
    crash_point("mojo.checked");
    return start_bundle(bundle, request_.deadline);
  }

  Host& host_;
  const DeployRequest& request_;
  Claim& claim_;
  MojoOptions options_;
  Workspace workspace_;
  std::map<std::string, Fetched> sources_;
  bool started_ = false;
};

}  // namespace

Result<> MojoDeployer::do_deploy(const DeployRequest& request, Claim& claim) {
  auto options = mojo_options(request.service);
  if (!options) return fail(std::move(options.error()));
  return DeployRun(host_, request, claim, std::move(*options)).run();
}

}  // namespace cdctl::mojo
