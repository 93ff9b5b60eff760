#include "plugins/mojo/run/bundle_step.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/secret.hpp>

#include "plugins/mojo/bundle/deployer_file.hpp"
#include "plugins/mojo/bundle/handover.hpp"
#include "plugins/mojo/bundle/template.hpp"

extern char** environ;

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// What templates can name: our environment without what is secret there, and the run's variables.
std::map<std::string, std::string> template_environment(
    const std::map<std::string, std::string>& own) {
  auto env = own;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string_view::npos || name == "AMQP_URL" || hidden_from_children(name))
      continue;
    env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

Result<std::string> rendered(const StepRun& at) {
  CDCTL_TRY_ASSIGN(auto text, read_file(at.step.file, k_largest_file));
  if (!holds_template(text)) return text;
  const auto& stage = at.run.stage;
  return render({std::move(text),
                 at.step.config,
                 stage.spec(),
                 template_folders(stage),
                 template_variables(stage, at.run.series, at.run.workspace.local),
                 template_environment(at.run.env),
                 at.deadline,
                 {}});
}

Bundle read_bundle(const PlannedStep& step, const std::string& text,
                   std::vector<Problem>& problems) {
  if (step.kind() == PhaseKind::bundle) return parse_bundle(text, step.config, problems);
  auto file = parse_deployer(text, step.config, problems);
  if (!problems.empty()) return {};
  const auto* target = step.value("target");
  auto bundle = select(file, target ? std::optional(*target) : std::nullopt, problems);
  std::ranges::move(file.warnings, std::back_inserter(bundle.warnings));
  return bundle;
}

Result<> overlay(const StepRun& at, Bundle& bundle) {
  const auto* name = at.step.value("local");
  if (!name) return {};
  CDCTL_TRY(check_relative(*name, "local"));
  const auto file = at.run.secrets / *name;
  if (!inside(file, at.run.secrets))
    return fail(ExitCode::config,
                fmt::format("there is no secrets file '{}' in {}", *name, at.run.secrets.string()));
  CDCTL_TRY_ASSIGN(const auto text, read_file(file, k_largest_file));
  std::vector<Problem> problems;
  add_overlay(bundle, text, *name, true, problems);
  if (!problems.empty()) return fail(to_error(problems));
  return {};
}

Result<> keep(const StepRun& at, const Bundle& bundle) {
  const auto folder = at.run.workspace.root / "rendered";
  CDCTL_TRY(make_directories(folder, 0700));
  return write_file_atomically(
      folder / fmt::format("{}-{}.yaml", at.number, fs::path(at.step.config).filename().string()),
      print_bundle(bundle), 0600);
}

/// The step's bundle, complete: rendered, its overlay and its included files merged.
Result<Bundle> complete_bundle(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto text, rendered(at));
  std::vector<Problem> problems;
  auto bundle = read_bundle(at.step, text, problems);
  if (!problems.empty()) return fail(to_error(problems));
  CDCTL_TRY(overlay(at, bundle));
  resolve_includes(bundle, at.run.workspace.local, problems);
  for (const auto& secret : bundle.secrets()) at.run.mask.add(secret);
  if (!problems.empty()) return fail(to_error(problems));
  for (const auto& warning : bundle.warnings) at.run.host.log(Level::warning, warning.str());
  CDCTL_TRY(keep(at, bundle));
  return bundle;
}

}  // namespace

Result<std::vector<Process>> bundle_processes(const StepRun& at,
                                              const std::vector<ProcfileEntry>& entries) {
  CDCTL_TRY_ASSIGN(const auto bundle, complete_bundle(at));
  std::vector<std::string> notes;
  auto processes = processes_of(bundle, entries, at.run.units, at.step.config, notes);
  for (const auto& note : notes) at.run.host.log(Level::note, note);
  return processes;
}

Result<Json> bundle_document(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto bundle, complete_bundle(at));
  const auto& workspace = at.run.workspace;
  CharmFolders folders{
      {at.step.file.parent_path(), workspace.build}, workspace.repo, workspace.root};
  if (const auto trunk = at.run.launcher.trunk(); !trunk.empty()) folders.from.push_back(trunk);
  return bundle_to_hand_over(bundle, at.run.units, folders, at.step.config);
}

Result<Json> trunk_bundle(const fs::path& trunk, const std::map<std::string, std::int64_t>& units,
                          Host& host) {
  constexpr const char* k_bundle = "bundle.yaml";
  if (!inside(trunk / k_bundle, trunk))
    return fail(ExitCode::config, "the bundle.yaml of the trunk leads out of it");
  CDCTL_TRY_ASSIGN(const auto text, read_file(trunk / k_bundle, k_largest_file));
  std::vector<Problem> problems;
  const auto bundle = parse_bundle(text, k_bundle, problems);
  if (!problems.empty()) return fail(to_error(problems));
  for (const auto& warning : bundle.warnings) host.log(Level::warning, warning.str());
  return bundle_to_hand_over(bundle, units, {{trunk}, trunk, trunk}, k_bundle);
}

Result<std::vector<Problem>> check_bundles(const Plan& plan, const Deadline& deadline) {
  std::vector<Problem> problems;
  std::vector<NamedTemplate> templates;
  for (const auto& step : plan.steps) {
    const bool bundle = step.kind() == PhaseKind::bundle ||
                        (step.kind() == PhaseKind::deploy && !names_procfile(step.config));
    if (!bundle || step.file.empty()) continue;
    CDCTL_TRY_ASSIGN(auto text, read_file(step.file, k_largest_file));
    if (holds_template(text))
      templates.push_back({step.config, std::move(text)});
    else
      (void)read_bundle(step, text, problems);
  }
  if (templates.empty()) return problems;
  CDCTL_TRY_ASSIGN(auto found, check_templates(templates, {}, deadline));
  std::ranges::move(found.problems, std::back_inserter(problems));
  return problems;
}

}  // namespace cdctl::mojo
