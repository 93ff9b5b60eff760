#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plugins/mojo/lint/lint.hpp"

namespace cdctl::mojo {

/// A file that a deploy or bundle phase names.
struct BundleUse {
  std::filesystem::path file;
  std::string shown;                  ///< its path for messages, relative to the spec
  bool deployer = false;              ///< named by `deploy`: deployments by name, or a bundle
  std::optional<std::string> target;  ///< of the deploy phase

  auto operator<=>(const BundleUse&) const = default;
};

/// Reads each bundle once, and asks one child about all templates. A machine without Jinja is a
/// note, not a finding. `series` finds releases that are written where `{{ series }}` is meant. The
/// error is a deadline or a signal.
[[nodiscard]] Result<std::vector<LintFinding>> lint_bundles(const LintRequest& request,
                                                            const std::vector<BundleUse>& uses);

}  // namespace cdctl::mojo
