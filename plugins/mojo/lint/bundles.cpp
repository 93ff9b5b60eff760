#include "plugins/mojo/lint/bundles.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/bundle.hpp"
#include "plugins/mojo/bundle/deployer_file.hpp"
#include "plugins/mojo/bundle/template.hpp"
#include "plugins/mojo/lint/series.hpp"
#include "plugins/mojo/lint/tree.hpp"

namespace cdctl::mojo {

namespace {

class BundleLinter {
 public:
  explicit BundleLinter(const LintRequest& request) : request_(request) {}

  void use(const BundleUse& use) {
    const auto& text = text_of(use);
    if (text.empty() || holds_template(text)) return;
    std::vector<Problem> problems;
    if (use.deployer) {
      const auto file = parse_deployer(text, use.shown, problems);
      add(file.warnings, LintSeverity::warning, "invalid-yaml");
      if (problems.empty() && use.target)
        add(select(file, use.target, problems).warnings, LintSeverity::warning, "invalid-yaml");
    } else {
      add(parse_bundle(text, use.shown, problems).warnings, LintSeverity::warning, "invalid-yaml");
    }
    add(problems, LintSeverity::error, "invalid-yaml");
  }

  Result<std::vector<LintFinding>> end() {
    for (const auto& [shown, text] : texts_) series(shown, text);
    CDCTL_TRY(templates());
    return std::move(findings_);
  }

 private:
  const std::string& text_of(const BundleUse& use) {
    const auto [at, fresh] = texts_.try_emplace(use.shown);
    if (!fresh) return at->second;
    auto text = read_file(use.file, k_largest_file);
    if (text)
      at->second = std::move(*text);
    else
      findings_.push_back(
          {use.shown, 0, 0, LintSeverity::error, "invalid-yaml", text.error().what});
    return at->second;
  }

  /// Lines `series: noble`. A file, or a deployment, that has the release in its name is chosen by
  /// the series.
  void series(const std::string& shown, std::string_view text) {
    std::size_t number = 0;
    std::string_view deployment;
    while (!text.empty()) {
      ++number;
      const auto line = take_until(text, '\n');
      const auto first = line.find_first_not_of(" \t-");
      if (first == std::string_view::npos || line[first] == '#') continue;
      if (first == 0) deployment = line.substr(0, line.find(':'));
      if (!line.substr(first).starts_with("series:")) continue;
      const auto name = series_.find(line.substr(first, line.find('#', first) - first));
      if (name.empty() || holds_word(shown, name) || holds_word(deployment, name)) continue;
      findings_.push_back(
          {shown, number, first + 1, LintSeverity::warning, "hard-coded-series",
           fmt::format("'{}' is the name of a release; write {{{{ series }}}}", name)});
    }
  }

  Result<> templates() {
    std::vector<NamedTemplate> files;
    for (const auto& [shown, text] : texts_) {
      if (holds_template(text)) files.push_back({shown, text});
    }
    if (files.empty()) return {};
    auto known = request_.names;
    known.insert({"series", "stage", "stage_name", "local_dir"});
    const auto found = check_templates(files, known, request_.deadline);
    CDCTL_TRY(may_go_on(request_.deadline));
    if (!found) {
      if (request_.host)
        request_.host->log(Level::warning, fmt::format("{} templates are not checked: {}",
                                                       files.size(), found.error().what));
      return {};
    }
    add(found->problems, LintSeverity::error, "invalid-template");
    add(found->undeclared, LintSeverity::warning, "unset-variable");
    return {};
  }

  void add(const std::vector<Problem>& problems, LintSeverity severity, std::string_view rule) {
    for (const auto& problem : problems)
      findings_.push_back({problem.file, problem.line, problem.column, severity,
                           problem.rule.empty() ? rule : problem.rule, problem.what});
  }

  const LintRequest& request_;
  const SeriesNames series_;
  std::map<std::string, std::string> texts_;  ///< by path
  std::vector<LintFinding> findings_;
};

}  // namespace

Result<std::vector<LintFinding>> lint_bundles(const LintRequest& request,
                                              const std::vector<BundleUse>& uses) {
  BundleLinter linter(request);
  for (const auto& use : uses) {
    CDCTL_TRY(may_go_on(request.deadline));
    linter.use(use);
  }
  return linter.end();
}

}  // namespace cdctl::mojo
