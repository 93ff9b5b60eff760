#include "plugins/mojo/lint/lint.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>
#include "plugins/mojo/records/records.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/lint/bundles.hpp"
#include "plugins/mojo/lint/manifest_fixes.hpp"
#include "plugins/mojo/lint/references.hpp"
#include "plugins/mojo/lint/series.hpp"
#include "plugins/mojo/manifest/plan.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr auto k_error = LintSeverity::error;
constexpr auto k_warning = LintSeverity::warning;

constexpr std::array k_rules{
    LintRule{"manifest", k_error, false,
             "a manifest that no run would accept: words, phases, options, values, includes"},
    LintRule{"missing-file", k_error, false,
             "a phase names a file that is neither in its stage nor above"},
    LintRule{"dead-link", k_error, false, "a link to nothing, or one that leads out of the spec"},
    LintRule{"unset-variable", k_error, false,
             "a ${NAME} without value and default; in a template only a warning"},
    LintRule{"not-executable", k_error, true,
             "the kernel would not run a script: its mode, its #! line, its interpreter"},
    LintRule{"collect", k_error, false, "a line of a collect file that cannot be fetched"},
    LintRule{"invalid-file", k_error, false, "a bad line in a Procfile or in a list of names"},
    LintRule{"invalid-yaml", k_error, false, "a bundle that is no YAML, or no bundle"},
    LintRule{"invalid-template", k_error, false, "a template that Jinja cannot read"},
    LintRule{"carriage-return", k_error, false, "a line that ends as on Windows"},
    LintRule{"hard-coded-series", k_warning, false,
             "the name of a release where the series of the run is meant"},
    LintRule{"unreferenced-file", k_warning, false,
             "a file that no manifest, script, bundle, collect file or link names"},
    LintRule{"repeated-option", k_warning, true,
             "an option that is given twice: the last one counts"},
    LintRule{"dashed-option", k_warning, true, "--target for target"},
    LintRule{"trailing-blanks", k_warning, true, "blanks at the end of a manifest's line"},
    LintRule{"missing-newline", k_warning, true, "a manifest whose last line does not end"},
};

}  // namespace

std::span<const LintRule> lint_rules() { return k_rules; }

Json to_json(const LintFinding& finding) {
  const auto place = [](const auto& number) {
    return number == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(number));
  };
  return records::encode(
      FindingRecord{.path = finding.path,
                    .line = place(finding.line),
                    .column = place(finding.column),
                    .severity = finding.severity == LintSeverity::error ? "error" : "warning",
                    .rule = std::string(finding.rule),
                    .message = finding.message,
                    .fixable = finding.fixable,
                    .fixed = finding.fixed});
}

namespace {

/// One look at the spec: nothing is changed.
struct LintPass {
  std::vector<LintFinding> findings;  ///< in no order, some twice
  std::map<std::string, FixedText>
      texts;  ///< manifests whose text has repairs, by path; findings name that path
  std::map<std::string, std::vector<std::size_t>>
      modes;  ///< scripts to make executable, links followed -> their findings
};

/// Makes a LintPass.
class Linter {
 public:
  Linter(const LintRequest& request, const SpecTree& tree)
      : request_(request), tree_(tree), references_(tree) {}

  [[nodiscard]] Result<LintPass> run();

 private:
  /// A manifest as it is looked for: in the folder that is its stage, by its name.
  struct Start {
    std::string stage, name;
  };

  void links();
  [[nodiscard]] std::vector<Start> starts() const;
  [[nodiscard]] std::vector<Start> starts_of(const std::string& stage) const;
  void manifest(const Start& start);
  const Manifest* text(const std::string& path);
  void included(const Stage& stage, const Manifest& manifest, std::set<std::string>& names,
                std::size_t depth);
  [[nodiscard]] std::set<std::string> stages_of(const Start& start,
                                                const std::set<std::string>& names) const;
  [[nodiscard]] std::string config_of(const ManifestRow& row) const;
  void plan(const Stage& stage, const std::string& name);
  void step(const PlannedStep& step);
  void problem(const Stage& stage, const Plan& plan, const Problem& problem, LintSeverity severity);
  [[nodiscard]] bool fixable(const LintFinding& finding) const;
  [[nodiscard]] bool mode_fixable(const Stage& stage, const LintFinding& finding);
  void collect(const std::filesystem::path& file);
  [[nodiscard]] Result<> unreferenced();
  [[nodiscard]] std::string shown(const std::filesystem::path& file) const;
  /// With links followed: what a hundred stages link to is reported once, where it can be mended.
  [[nodiscard]] std::string real_shown(const std::filesystem::path& file) const;
  [[nodiscard]] bool whole() const { return !request_.stage && !request_.manifest; }

  const LintRequest& request_;
  const SpecTree& tree_;
  const SeriesNames series_;
  References references_;
  LintPass pass_;
  std::map<std::string, Manifest> manifests_;  ///< that were read, by path
  std::set<std::string> collected_;            ///< collect files that were searched for releases
  std::set<BundleUse> bundles_;
};

/// Includes that are followed for the names in them; plan.cpp reports what is deeper.
constexpr std::size_t k_most_depth = 16;

bool names_manifest(std::string_view name) {
  return name == "manifest" || name.starts_with("manifest-");
}

}  // namespace

Result<LintPass> Linter::run() {
  links();
  for (const auto& start : starts()) {
    CDCTL_TRY(may_go_on(request_.deadline));
    manifest(start);
  }
  CDCTL_TRY_ASSIGN(auto found, lint_bundles(request_, {bundles_.begin(), bundles_.end()}));
  std::ranges::move(found, std::back_inserter(pass_.findings));
  if (whole()) CDCTL_TRY(unreferenced());
  return std::move(pass_);
}

void Linter::links() {
  for (const auto& entry : tree_.entries()) {
    if (entry.kind != TreeEntry::Kind::link) continue;
    const auto link = printable(entry.link, 80);
    if (entry.dead)
      pass_.findings.push_back({entry.path, 0, 0, LintSeverity::error, "dead-link",
                                fmt::format("a link to '{}', which is not there", link)});
    else if (entry.target.empty())
      pass_.findings.push_back({entry.path, 0, 0, LintSeverity::error, "dead-link",
                                fmt::format("a link to '{}', which leads out of the spec", link)});
  }
}

std::vector<Linter::Start> Linter::starts() const {
  if (request_.stage) return starts_of(*request_.stage);
  std::vector<Start> found;
  for (const auto& entry : tree_.entries()) {
    const auto name = std::string(entry.name());
    if (entry.to_file && (request_.manifest ? name == *request_.manifest : names_manifest(name)))
      found.push_back({entry.folder(), name});
  }
  // A plan of what is not there says so.
  if (found.empty()) found.push_back({"", request_.manifest.value_or("manifest")});
  return found;
}

/// Every manifest that a run of this stage could name.
std::vector<Linter::Start> Linter::starts_of(const std::string& stage) const {
  if (request_.manifest) return {{stage, *request_.manifest}};
  std::set<std::string> names{"manifest"};
  for (const auto& entry : tree_.entries()) {
    const auto folder = entry.folder();
    if (entry.to_file && names_manifest(entry.name()) &&
        (folder.empty() || (stage + "/").starts_with(folder + "/")))
      names.emplace(entry.name());
  }
  std::vector<Start> found;
  for (const auto& name : names) found.push_back({stage, name});
  return found;
}

void Linter::manifest(const Start& start) {
  const Stage stage(tree_.spec(), start.stage);
  const auto file = stage.find(start.name);
  const auto* parsed = file ? text(shown(*file)) : nullptr;
  std::set<std::string> names;
  if (parsed) included(stage, *parsed, names, 0);
  if (request_.stage) return plan(stage, start.name);
  for (const auto& name : stages_of(start, names)) plan(Stage(tree_.spec(), name), start.name);
}

/// Reads a manifest once, and looks at it as a text.
const Manifest* Linter::text(const std::string& path) {
  if (const auto at = manifests_.find(path); at != manifests_.end()) return &at->second;
  const auto bytes = read_file(tree_.spec() / path, k_largest_file);
  if (!bytes) return nullptr;
  references_.use(path, true);
  auto fixed = fix_manifest(*bytes);
  for (const auto& fix : fixed.fixes) {
    if (fix.rule == "trailing-blanks")
      pass_.findings.push_back({path, fix.line, fix.column, LintSeverity::warning, fix.rule,
                                "blanks at the end of the line", true});
    if (fix.rule == "missing-newline")
      pass_.findings.push_back({path, fix.line, fix.column, LintSeverity::warning, fix.rule,
                                "the last line does not end", true});
  }
  if (!fixed.fixes.empty()) pass_.texts.emplace(path, std::move(fixed));
  const auto* manifest = &manifests_.emplace(path, parse_manifest(*bytes, path)).first->second;
  for (const auto& row : manifest->rows) {
    for (const auto& option : row.options) {
      references_.value(option.value);
      const auto name = series_.find(option.value);
      if (name.empty()) continue;
      pass_.findings.push_back(
          {path, row.line, option.column, LintSeverity::warning, "hard-coded-series",
           fmt::format("'{}' is the name of a release; write ${{MOJO_SERIES}}", name)});
    }
    if (const auto* rule = phase_rule(row.phase)) references_.value(rule->default_file);
  }
  return manifest;
}

/// The names of all files that a manifest and its includes ask for.
void Linter::included(const Stage& stage, const Manifest& manifest, std::set<std::string>& names,
                      std::size_t depth) {
  for (const auto& row : manifest.rows) {
    const auto config = config_of(row);
    if (config.empty() || !names.insert(config).second || row.phase != "include" ||
        depth > k_most_depth)
      continue;
    const auto file = stage.find(config);
    if (const auto* parsed = file ? text(shown(*file)) : nullptr)
      included(stage, *parsed, names, depth + 1);
  }
}

std::string Linter::config_of(const ManifestRow& row) const {
  const auto* rule = phase_rule(row.phase);
  if (!rule || rule->kind == PhaseKind::sleep) return {};
  const auto* option = row.find("config");
  auto value = option ? expand(option->value, request_.variables) : std::string(rule->default_file);
  return value && check_relative(*value, "file") ? std::move(*value) : "";
}

/// The stages to try a manifest with. A stage can be a folder without a manifest of its own: those
/// below that hold a file which it asks for. Its own folder counts when it has all, or when nobody
/// has what it lacks.
std::set<std::string> Linter::stages_of(const Start& start,
                                        const std::set<std::string>& names) const {
  const Stage own(tree_.spec(), start.stage);
  const auto found_at = [&](const Stage& stage) {
    return stage.find(start.name).value_or(fs::path());
  };
  const auto manifest = found_at(own);
  std::set<std::string> stages;
  bool missing = false;
  for (const auto& name : names) {
    missing = missing || !own.find(name);
    for (auto& folder : tree_.folders_with(start.stage, name)) {
      if (found_at(Stage(tree_.spec(), folder)) == manifest) stages.insert(std::move(folder));
    }
  }
  if (!missing || stages.empty()) stages.insert(start.stage);
  return stages;
}

void Linter::plan(const Stage& stage, const std::string& name) {
  PlanOptions options{stage, {}, request_.variables};
  options.procfile_later = true;
  const auto made = make_plan(options, name);
  for (const auto& found : made.problems) problem(stage, made, found, LintSeverity::error);
  for (const auto& found : made.warnings) problem(stage, made, found, LintSeverity::warning);
  for (const auto& found : made.steps) step(found);
}

void Linter::problem(const Stage& stage, const Plan& plan, const Problem& problem,
                     LintSeverity severity) {
  LintFinding finding{problem.file, problem.line, problem.column,
                      severity,     problem.rule, problem.what};
  const bool manifest = problem.file == plan.manifest || manifests_.contains(problem.file);
  if (finding.rule.empty()) finding.rule = manifest ? "manifest" : "invalid-file";
  if (!manifest) finding.path = real_shown(tree_.spec() / problem.file);
  finding.fixable =
      fixable(finding) || (finding.rule == "not-executable" && mode_fixable(stage, finding));
  pass_.findings.push_back(std::move(finding));
}

bool Linter::fixable(const LintFinding& finding) const {
  const auto at = pass_.texts.find(finding.path);
  if (at == pass_.texts.end()) return false;
  const auto place = [](const TextFix& fix) { return std::pair(fix.line, fix.column); };
  const auto [begin, end] = std::ranges::equal_range(
      at->second.fixes, std::pair(finding.line, finding.column), {}, place);
  return std::any_of(begin, end, [&](const TextFix& fix) { return fix.rule == finding.rule; });
}

/// Whether chmod would do: it does not lead out of the spec, has a #! line, and is not executable.
/// Notes it then.
bool Linter::mode_fixable(const Stage& stage, const LintFinding& finding) {
  const auto manifest = manifests_.find(finding.path);
  if (manifest == manifests_.end()) return false;
  const auto row =
      std::ranges::lower_bound(manifest->second.rows, finding.line, {}, &ManifestRow::line);
  const auto file = row == manifest->second.rows.end() ? fail("") : stage.find(config_of(*row));
  const auto real = file ? tree_.real(*file) : "";
  if (real.empty() || ::access(file->c_str(), X_OK) == 0) return false;
  const auto text = read_file(*file);
  if (!text || !text->starts_with("#!")) return false;
  pass_.modes[real].push_back(pass_.findings.size());
  return true;
}

void Linter::step(const PlannedStep& step) {
  if (step.file.empty()) return;
  const auto real = real_shown(step.file);
  references_.use(shown(step.file));
  references_.use(real);
  if (step.kind() == PhaseKind::collect) collect(step.file);
  const bool deploy = step.kind() == PhaseKind::deploy;
  if (step.kind() != PhaseKind::bundle && (!deploy || names_procfile(step.config))) return;
  const auto* target = step.value("target");
  bundles_.insert(
      {tree_.spec() / real, real, deploy, target ? std::optional(*target) : std::nullopt});
}

/// Releases in a collect file. It knows no variables: a file of each release is chosen by its name.
void Linter::collect(const fs::path& file) {
  const auto path = real_shown(file);
  if (!collected_.insert(path).second) return;
  const auto bytes = read_file(file, k_largest_file);
  std::vector<Problem> ignored;
  if (!bytes) return;
  for (const auto& line : split_lines(*bytes, path, ignored)) {
    const auto content = trimmed(line.text);
    if (content.empty() || content.starts_with('#')) continue;
    const auto name = series_.find(line.text);
    if (name.empty() || holds_word(path, name)) continue;
    pass_.findings.push_back(
        {path, line.number, 0, LintSeverity::warning, "hard-coded-series",
         fmt::format("'{}' is the name of a release; have a collect file for each, as {}-{}, and "
                     "config={}-${{MOJO_SERIES}}",
                     name, file.filename().string(), name, file.filename().string())});
  }
}

Result<> Linter::unreferenced() {
  CDCTL_TRY_ASSIGN(const auto paths, references_.unnamed(request_.deadline));
  for (const auto& path : paths) {
    pass_.findings.push_back({path, 0, 0, LintSeverity::warning, "unreferenced-file",
                              "no manifest, script, bundle, collect file or link names it"});
  }
  return {};
}

std::string Linter::real_shown(const fs::path& file) const {
  auto real = tree_.real(file);
  return real.empty() ? shown(file) : real;
}

std::string Linter::shown(const fs::path& file) const {
  return file.lexically_relative(tree_.spec()).string();
}

namespace {

/// Applies what a pass found to be repairable.
class Repair {
 public:
  Repair(const LintRequest& request, const SpecTree& tree, LintPass& pass)
      : request_(request), tree_(tree), pass_(pass) {}

  /// What was repaired, with its old place.
  std::vector<LintFinding> run() {
    for (const auto& [path, fixed] : pass_.texts) {
      if (write(path, fixed.text))
        take([&](const LintFinding& finding) {
          return finding.path == path && finding.rule != "not-executable";
        });
    }
    for (const auto& [path, findings] : pass_.modes) {
      if (!make_executable(path)) continue;
      for (const auto i : findings) take(pass_.findings[i]);
    }
    return std::move(fixed_);
  }

 private:
  /// A link is followed, but never out of the spec.
  bool write(const std::string& path, const std::string& text) {
    const auto real = tree_.real(tree_.spec() / path);
    struct stat status{};
    if (real.empty() || ::stat((tree_.spec() / real).c_str(), &status) != 0) return false;
    const auto written = write_file_atomically(tree_.spec() / real, text, status.st_mode & 07777);
    if (!written) note(written.error().what);
    return written.has_value();
  }
  /// For everybody who may read it.
  bool make_executable(const std::string& real) {
    const auto file = tree_.spec() / real;
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0 &&
        ::chmod(file.c_str(), (status.st_mode & 07777) | ((status.st_mode & 0444) >> 2)) == 0)
      return true;
    note(fmt::format("make {} executable: {}", file.string(), errno_text(errno)));
    return false;
  }
  void note(const std::string& what) {
    if (request_.host) request_.host->log(Level::warning, what);
  }
  template <class Which>
    requires std::predicate<Which, const LintFinding&>
  void take(Which&& which) {
    for (const auto& finding : pass_.findings) {
      if (finding.fixable && which(finding)) take(finding);
    }
  }
  void take(LintFinding finding) {
    finding.fixed = true;
    fixed_.push_back(std::move(finding));
  }

  const LintRequest& request_;
  const SpecTree& tree_;
  LintPass& pass_;
  std::vector<LintFinding> fixed_;
};

/// In the order of reading, each once: two stages can find the same.
std::vector<LintFinding> in_order(std::vector<LintFinding> findings) {
  std::ranges::sort(findings, {}, [](const LintFinding& finding) {
    return std::tuple(std::string_view(finding.path), finding.line, finding.column, finding.rule,
                      std::string_view(finding.message), !finding.fixed);
  });
  findings.erase(std::ranges::unique(findings).begin(), findings.end());
  return findings;
}

}  // namespace

Result<std::vector<LintFinding>> lint_spec(const LintRequest& request) {
  if (request.stage && !request.stage->empty()) CDCTL_TRY(check_relative(*request.stage, "stage"));
  CDCTL_TRY_ASSIGN(const auto tree, SpecTree::read(request.spec, request.deadline));
  CDCTL_TRY_ASSIGN(auto pass, Linter(request, tree).run());
  if (!request.fix || (pass.texts.empty() && pass.modes.empty()))
    return in_order(std::move(pass.findings));
  auto findings = Repair(request, tree, pass).run();
  CDCTL_TRY_ASSIGN(const auto tree_now, SpecTree::read(request.spec, request.deadline));
  CDCTL_TRY_ASSIGN(auto left, Linter(request, tree_now).run());
  std::ranges::move(left.findings, std::back_inserter(findings));
  return in_order(std::move(findings));
}

}  // namespace cdctl::mojo
