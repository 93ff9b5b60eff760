#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/commands/commands.hpp"
#include "plugins/mojo/lint/lint.hpp"
#include "plugins/mojo/records/records.hpp"
#include "plugins/mojo/spec/address.hpp"
#include "plugins/mojo/spec/project.hpp"

extern char** environ;

namespace cdctl::mojo {

namespace {

std::set<std::string> environment_names() {
  std::set<std::string> names{"MOJO_ROOT",      "MOJO_PROJECT",  "MOJO_WORKSPACE", "MOJO_STAGE",
                              "MOJO_SPEC",      "MOJO_SPEC_DIR", "MOJO_BUILD_DIR", "MOJO_REPO_DIR",
                              "MOJO_LOCAL_DIR", "MOJO_LOGFILE",  "MOJO_SERIES"};
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    names.emplace(text.substr(0, text.find('=')));
  }
  return names;
}

void list_rules(const CommandArguments& given) {
  for (const auto& rule : lint_rules()) {
    given.write(records::encode(
        LintRuleRecord{.name = std::string(rule.name),
                       .severity = rule.severity == LintSeverity::error ? "error" : "warning",
                       .fixable = rule.fixable,
                       .summary = std::string(rule.summary)}));
  }
}

LintRequest request_of(const CommandArguments& given, Host& host, const RunSettings& settings,
                       const SpecOnDisk& spec) {
  LintRequest request;
  request.spec = spec.folder();
  if (!settings.who.stage.empty()) request.stage = settings.who.stage;
  if (!spec.manifest().empty()) request.manifest = spec.manifest();
  if (given.args.has("manifest")) request.manifest = settings.manifest;
  // What a run will set is set here, too; its value is only known when it was given.
  request.variables = [who = settings.who](const std::string& name) -> std::optional<std::string> {
    if (name == "MOJO_SERIES" && !who.series.empty()) return who.series;
    if (name == "MOJO_STAGE" && !who.stage.empty()) return who.stage;
    if (name == "MOJO_PROJECT" && !who.project.empty()) return who.project;
    return environment_value({}, name);
  };
  request.names = environment_names();
  request.fix = given.args.has("fix");
  request.deadline = Deadline(std::chrono::minutes(5));
  request.host = &host;
  return request;
}

}  // namespace

int command_lint(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    if (given.args.has("rules")) {
      list_rules(given);
      return {};
    }
    CDCTL_TRY_ASSIGN(auto settings, run_settings(given.args));
    if (given.args.words.size() > 1) return fail(ExitCode::usage, "mojo lint takes one SPEC");
    if (!given.args.words.empty()) settings.who.spec = given.args.words.front();
    CDCTL_TRY_ASSIGN(const auto spec,
                     SpecOnDisk::open(host, settings.who.spec, Deadline(std::chrono::minutes(10))));
    if (given.args.has("fix") && !spec.in_place())
      return fail(ExitCode::usage,
                  "mojo lint --fix repairs a folder, not an address: clone it first");
    CDCTL_TRY_ASSIGN(const auto findings, lint_spec(request_of(given, host, settings, spec)));
    std::int64_t errors = 0;
    for (const auto& finding : findings) {
      given.write(to_json(finding));
      errors += finding.severity == LintSeverity::error && !finding.fixed;
    }
    if (errors == 0) return {};
    return fail(fmt::format("{} in {}", plural(errors, "error"), shown_address(settings.who.spec)));
  });
}

}  // namespace cdctl::mojo
