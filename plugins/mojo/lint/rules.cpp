#include <array>

#include "plugins/mojo/lint/lint.hpp"
#include "plugins/mojo/records.hpp"

namespace cdctl::mojo {

namespace {

constexpr auto k_error = Severity::error;
constexpr auto k_warning = Severity::warning;

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

Json to_json(const Finding& finding) {
  const auto place = [](const auto& number) {
    return number == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(number));
  };
  return records::encode(
      FindingRecord{.path = finding.path,
                    .line = place(finding.line),
                    .column = place(finding.column),
                    .severity = finding.severity == Severity::error ? "error" : "warning",
                    .rule = std::string(finding.rule),
                    .message = finding.message,
                    .fixable = finding.fixable,
                    .fixed = finding.fixed});
}

}  // namespace cdctl::mojo
