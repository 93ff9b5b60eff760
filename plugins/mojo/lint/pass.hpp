#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugins/mojo/lint/bundles.hpp"
#include "plugins/mojo/lint/lint.hpp"
#include "plugins/mojo/lint/references.hpp"
#include "plugins/mojo/lint/series.hpp"
#include "plugins/mojo/lint/text.hpp"
#include "plugins/mojo/manifest/plan.hpp"

namespace cdctl::mojo {

/// One look at the spec: nothing is changed.
struct LintPass {
  std::vector<Finding> findings;  ///< in no order, some twice
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
  [[nodiscard]] std::string config_of(const Row& row) const;
  void plan(const Stage& stage, const std::string& name);
  void step(const PlannedStep& step);
  void problem(const Stage& stage, const Plan& plan, const Problem& problem, Severity severity);
  [[nodiscard]] bool fixable(const Finding& finding) const;
  [[nodiscard]] bool mode_fixable(const Stage& stage, const Finding& finding);
  void collect(const std::filesystem::path& file);
  [[nodiscard]] Result<> unreferenced();
  [[nodiscard]] std::string shown(const std::filesystem::path& file) const;
  /// With links followed: what a hundred stages link to is told once, where it can be mended.
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

}  // namespace cdctl::mojo
