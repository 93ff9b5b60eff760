#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

enum class LintSeverity { error, warning };

/// One thing that lint looks for. Names never change: people grep for them.
struct LintRule {
  std::string_view name;
  LintSeverity severity;
  bool fixable;  ///< whether there are cases that --fix repairs
  std::string_view summary;
};
/// In the order of the manual.
[[nodiscard]] std::span<const LintRule> lint_rules();

/// One thing found in a spec.
struct LintFinding {
  std::string path;        ///< relative to the spec
  std::size_t line = 0;    ///< from 1; 0 = the file as a whole
  std::size_t column = 0;  ///< from 1, in bytes; 0 = the line as a whole
  LintSeverity severity = LintSeverity::error;
  std::string_view rule;  ///< of lint_rules()
  std::string message;
  bool fixable = false;  ///< --fix would repair it
  bool fixed = false;    ///< and has

  friend bool operator==(const LintFinding&, const LintFinding&) = default;
};
/// A `cdctl.finding/1` record.
[[nodiscard]] Json to_json(const LintFinding& finding);

struct LintRequest {
  std::filesystem::path spec;  ///< its top folder
  std::optional<std::string>
      stage;  ///< only this stage; without: each folder with a manifest is one
  std::optional<std::string>
      manifest;      ///< only manifests of this name; without: `manifest` and all `manifest-*`
  Lookup variables;  ///< for ${NAME}
  std::set<std::string>
      names;  ///< of variables that templates can use, beside series, stage, stage_name, local_dir
  bool fix = false;  ///< repair what is safe to repair, in place
  Deadline deadline;
  Host* host = nullptr;  ///< for notes; can be null
};

/// Looks at a whole spec, or at one stage of it. Sorted by path and line; what was repaired comes
/// with its old place. What only a whole spec can tell (files that nobody names) is left out when a
/// stage or a manifest is given. The error is that the spec could not be looked at: no folder, too
/// large, or the deadline or a signal came first.
[[nodiscard]] Result<std::vector<LintFinding>> lint_spec(const LintRequest& request);

}  // namespace cdctl::mojo
