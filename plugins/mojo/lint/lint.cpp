#include "plugins/mojo/lint/lint.hpp"

#include <algorithm>
#include <tuple>

#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/mojo/lint/pass.hpp"

namespace cdctl::mojo {

namespace {

/// Applies what a pass found to be repairable.
class Repair {
 public:
  Repair(const LintRequest& request, const SpecTree& tree, LintPass& pass)
      : request_(request), tree_(tree), pass_(pass) {}

  /// What was repaired, with its old place.
  std::vector<Finding> run() {
    for (const auto& [path, fixed] : pass_.texts) {
      if (write(path, fixed.text))
        take([&](const Finding& finding) {
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
    requires std::predicate<Which, const Finding&>
  void take(Which&& which) {
    for (const auto& finding : pass_.findings) {
      if (finding.fixable && which(finding)) take(finding);
    }
  }
  void take(Finding finding) {
    finding.fixed = true;
    fixed_.push_back(std::move(finding));
  }

  const LintRequest& request_;
  const SpecTree& tree_;
  LintPass& pass_;
  std::vector<Finding> fixed_;
};

/// In the order of reading, each once: two stages may find the same.
std::vector<Finding> in_order(std::vector<Finding> findings) {
  std::ranges::sort(findings, {}, [](const Finding& finding) {
    return std::tuple(std::string_view(finding.path), finding.line, finding.column, finding.rule,
                      std::string_view(finding.message), !finding.fixed);
  });
  findings.erase(std::ranges::unique(findings).begin(), findings.end());
  return findings;
}

}  // namespace

Result<std::vector<Finding>> lint_spec(const LintRequest& request) {
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
