#include "deployer.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/process.hpp>

#include "checkouts.hpp"
#include "collect.hpp"
#include "phases.hpp"
#include "plan.hpp"
#include "stage.hpp"
#include "workspace.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

using Env = std::map<std::string, std::string>;

/// One deploy, from the empty workspace to the started units.
class Deployment {
 public:
  Deployment(Host& host, const DeployRequest& request, Claim& claim, MojoOptions options)
      : host_(host), request_(request), claim_(claim), options_(std::move(options)), workspace_(claim.workspace()) {}

  Result<> run() {
    CDCTL_TRY(workspace_.make());
    CDCTL_TRY_ASSIGN(sources_, fetch_sources(host_, request_, workspace_));
    crash_point("mojo.fetched");
    return sources_.contains("spec") ? by_manifest() : by_procfile();
  }

 private:
  [[nodiscard]] fs::path trunk() const {
    const auto at = sources_.find("trunk");
    return at == sources_.end() || at->second.is_file() ? fs::path() : at->second.path;
  }

  Env source_environment() const {
    Env env;
    for (const auto& [name, source] : sources_) {
      env[source_variable(name)] = source.path.string();
      env[source_variable(name) + "_REVISION"] = source.revision;
    }
    return env;
  }

  Env script_environment() const {
    auto env = source_environment();
    env.insert({{"MOJO_ROOT", (host_.home() / "mojo").string()},
                {"MOJO_PROJECT", request_.service.name},
                {"MOJO_WORKSPACE", request_.set.str()},
                {"MOJO_STAGE", options_.stage},
                {"MOJO_SPEC", sources_.at("spec").config.url},
                {"MOJO_SPEC_DIR", workspace_.spec.string()},
                {"MOJO_BUILD_DIR", workspace_.build.string()},
                {"MOJO_REPO_DIR", workspace_.repo.string()},
                {"MOJO_LOCAL_DIR", workspace_.local.string()},
                {"MOJO_LOGFILE", workspace_.log_file().string()},
                {"CDCTL_SERVICE", request_.set.service},
                {"CDCTL_REVISION", request_.set.revision},
                {"CDCTL_SET", request_.set.str()}});
    if (!options_.series.empty()) env["MOJO_SERIES"] = options_.series;
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
    return mask;
  }

  Result<> by_manifest() {
    if (sources_.at("spec").is_file()) return fail(ExitCode::config, "source spec is a file; a spec is a git or bzr repository");
    const Stage stage(workspace_.spec, options_.stage);
    const auto env = script_environment();
    const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
      if (const auto at = env.find(name); at != env.end()) return at->second;
      const char* value = std::getenv(name.c_str());
      return value ? std::optional<std::string>(value) : std::nullopt;
    };
    auto plan = make_plan({stage, trunk(), lookup}, options_.manifest);
    if (!plan) return fail(plan.error().in(fmt::format("checking the manifest of {}", request_.service.name)));
    for (const auto& warning : plan->warnings) host_.log(Level::warning, warning.str());
    CDCTL_TRY(check_units(*plan));
    crash_point("mojo.checked");
    Collector collector(host_, request_.service.name, workspace_, sources_);
    const auto start = [this](const fs::path& procfile, const std::string& shown, const Deadline& deadline) {
      return start_units(procfile, shown, deadline);
    };
    return run_plan(*plan, {host_, workspace_, stage, env, mask(), collector, start}, request_.deadline);
  }

  /// Before anything runs: whether the Procfile has the types that `units` asks for.
  Result<> check_units(const Plan& plan) const {
    for (const auto& step : plan.steps) {
      if (step.kind == PhaseKind::deploy) CDCTL_TRY(processes(step.file, step.config));
    }
    return {};
  }

  Result<std::vector<Process>> processes(const fs::path& procfile, const std::string& shown) const {
    std::vector<Problem> problems;
    const auto entries = load_procfile(procfile, shown, problems);
    if (!problems.empty()) return fail(to_error(problems));
    return count_units(entries, request_.service.units, shown);
  }

  Result<> by_procfile() {
    if (trunk().empty()) {
      return fail(ExitCode::config, fmt::format("service {} has neither a spec nor a trunk to deploy from: add one to its [sources]", request_.service.name));
    }
    const auto file = trunk() / "Procfile";
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored) || !inside(file, trunk())) {
      return fail(ExitCode::config, fmt::format("the trunk of {} has no Procfile; add one, or a source spec with a manifest", request_.service.name));
    }
    CDCTL_TRY(processes(file, "Procfile"));
    crash_point("mojo.checked");
    return start_units(file, "Procfile", request_.deadline);
  }

  Result<> start_units(const fs::path& procfile, const std::string& shown, const Deadline& deadline) {
    CDCTL_TRY_ASSIGN(auto wanted, processes(procfile, shown));  // again: a script may have edited it
    Workload workload{trunk().empty() ? workspace_.build : trunk(), std::move(wanted), request_.env};
    workload.env.merge(source_environment());
    crash_point("mojo.before-start");
    CDCTL_TRY(claim_.start(workload, deadline));
    crash_point("mojo.started");
    return {};
  }

  Host& host_;
  const DeployRequest& request_;
  Claim& claim_;
  MojoOptions options_;
  Workspace workspace_;
  std::map<std::string, Fetched> sources_;
};

}  // namespace

Result<> MojoDeployer::deploy(const DeployRequest& request, Claim& claim) {
  auto options = mojo_options(request.service);
  if (!options) return fail(std::move(options.error()));
  return Deployment(host_, request, claim, std::move(*options)).run();
}

}  // namespace cdctl::mojo
