#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/mojo/commands/commands.hpp"
#include "plugins/mojo/records/records.hpp"
#include "plugins/mojo/run/runner.hpp"
#include "plugins/mojo/spec/address.hpp"
#include "plugins/mojo/spec/project.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

/// MOJO_* as a run would set them, as far as the command line and the environment say them; what
/// only a workspace can say stays as it is written. The series is the user's to say.
std::map<std::string, std::string> known_environment(const RunSettings& settings,
                                                     const fs::path& spec) {
  auto env = mojo_environment(settings.who, Workspace(settings.workspace_folder()));
  env["MOJO_SPEC_DIR"] = spec.string();
  const bool placed = need_workspace(settings).has_value();
  for (auto& [name, value] : env) {
    const bool folder = name == "MOJO_BUILD_DIR" || name == "MOJO_REPO_DIR" ||
                        name == "MOJO_LOCAL_DIR" || name == "MOJO_LOGFILE";
    if (value.empty() || (folder && !placed)) value = "${" + name + "}";
  }
  return env;
}

Result<> report_all(const CommandArguments& given, Host& host, const std::vector<Problem>& problems,
                    const std::vector<Problem>& warnings) {
  for (const auto& warning : warnings) host.log(Level::warning, warning.str());
  if (problems.empty()) return {};
  for (std::size_t i = 0; i + 1 < problems.size(); ++i)
    given.report({ExitCode::config, problems[i].str()});
  return fail(ExitCode::config, problems.back().str());
}

Result<> raw_rows(const CommandArguments& given, Host& host, const Stage& stage,
                  const std::string& name) {
  CDCTL_TRY_ASSIGN(const auto file, stage.find(name));
  CDCTL_TRY_ASSIGN(const auto text, read_file(file, k_largest_file));
  const auto manifest = parse_manifest(text, file.lexically_relative(stage.spec()).string());
  CDCTL_TRY(report_all(given, host, manifest.problems, manifest.warnings));
  for (const auto& row : manifest.rows) {
    if (const auto* rule = phase_rule(row.phase))
      given.write(records::encode(
          step_record({rule, manifest.path, row.line, 0, row.options, {}, {}, {}}, nullptr)));
  }
  return {};
}

CollectRecord collect_record(const CollectLine& line, const std::string& path) {
  CollectRecord out{.path = path,
                    .line = static_cast<std::int64_t>(line.line),
                    .destination = line.destination,
                    .source = line.source,
                    .options = {}};
  for (const auto& [key, value] : line.options) out.options.push_back({key, value});
  return out;
}

PhaseKindRecord kind_record(const PhaseRule& rule) {
  PhaseKindRecord out{.name = std::string(rule.name),
                      .default_file = std::string(rule.default_file),
                      .words = rule.words,
                      .options = {},
                      .summary = std::string(rule.summary)};
  for (const auto& option : rule.options)
    out.options.push_back({.name = std::string(option.name),
                           .type = std::string(to_string(option.type)),
                           .from = option.origin == Origin::ours ? "cdctl" : "mojo",
                           .summary = std::string(option.summary)});
  return out;
}

}  // namespace

int command_plan(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(auto settings, run_settings(given.args));
    if (given.args.words.size() > 1) return fail(ExitCode::usage, "mojo plan takes one SPEC");
    if (!given.args.words.empty()) settings.who.spec = given.args.words.front();
    CDCTL_TRY_ASSIGN(const auto spec,
                     SpecOnDisk::open(host, settings.who.spec, Deadline(std::chrono::minutes(10))));
    const auto manifest = spec.manifest().empty() ? settings.manifest : spec.manifest();
    const Stage stage(spec.folder(), settings.who.stage);
    if (given.args.has("no-expand")) return raw_rows(given, host, stage, manifest);
    const auto env = known_environment(settings, spec.folder());
    PlanOptions options{
        stage, {}, [&](const std::string& name) { return environment_value(env, name); }};
    options.check_files = given.args.has("check");
    options.lenient = given.args.has("lenient");
    options.procfile_later = true;
    const auto plan = make_plan(options, manifest);
    CDCTL_TRY(
        report_all(given, host, plan.problems, plan.warnings));  // with a problem nothing would run
    Mask mask;
    mask.add_environment();
    for (const auto& step : plan.steps) given.write(records::encode(step_record(step, &mask)));
    return {};
  });
}

int command_plan_collect(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    if (given.args.words.empty()) return fail(ExitCode::usage, "mojo plan-collect needs a FILE");
    std::vector<Problem> problems, warnings;
    for (const auto& name : given.args.words) {
      for (const auto& line : load_collect_file(name, name, problems, warnings))
        given.write(records::encode(collect_record(line, name)));
    }
    return report_all(given, host, problems, warnings);
  });
}

int command_phases(Host&, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    for (const auto& rule : phase_rules()) given.write(records::encode(kind_record(rule)));
    return {};
  });
}

}  // namespace cdctl::mojo
