#include "plugins/mojo/run/selection.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

struct ManifestLine {
  std::string path;
  std::size_t line = 0;
};

Result<ManifestLine> parse_line(const Plan& plan, const std::string& text) {
  const auto colon = text.rfind(':');
  ManifestLine wanted{colon == std::string::npos ? plan.manifest : text.substr(0, colon), 0};
  const auto number = colon == std::string::npos ? std::string_view(text)
                                                 : std::string_view(text).substr(colon + 1);
  const auto line = whole_number(number);
  if (!line || *line < 1) {
    return fail(ExitCode::usage, fmt::format("'{}' is no line of the manifest: write its number, "
                                             "FILE:NUMBER, or for --from also `failed`",
                                             printable(text, 60)));
  }
  wanted.line = static_cast<std::size_t>(*line);
  return wanted;
}

/// The index of the step at `text`.
Result<std::size_t> find_step(const Plan& plan, const std::string& text) {
  CDCTL_TRY_ASSIGN(const auto wanted, parse_line(plan, text));
  std::string near;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& step = plan.steps[i];
    if (step.path != wanted.path) continue;
    if (step.line == wanted.line) return i;
    if (near.empty() && step.line > wanted.line)
      near = fmt::format("; the next one is line {}, {}", step.line, step.rule->name);
  }
  return fail(ExitCode::usage,
              fmt::format("{} has no phase at line {}{}", wanted.path, wanted.line, near));
}

/// Where to resume the last run: its step that failed or was cut short, or the one
/// after its last.
Result<std::size_t> last_stop(const Plan& plan, const std::vector<Json>& journal) {
  if (journal.empty() || journal.back()["run"].view() == "complete")
    return fail(ExitCode::usage,
                "the last run in this workspace did not fail and was not cut short");
  for (auto record = journal.rbegin(); record != journal.rend(); ++record) {
    if (!(*record)["phase"].is_string()) continue;
    CDCTL_TRY_ASSIGN(const auto index,
                     find_step(plan, fmt::format("{}:{}", (*record)["path"].as_string(),
                                                 (*record)["line"].as_int())));
    return (*record)["state"].view() == "done" ? index + 1 : index;
  }
  return std::size_t{0};
}

}  // namespace

std::string step_name(const Plan& plan, const std::string& path, std::size_t line) {
  return path == plan.manifest ? std::to_string(line) : fmt::format("{}:{}", path, line);
}

Result<std::vector<PlannedStep>> select_steps(const Plan& plan, const Selection& selection,
                                              const std::vector<Json>& journal) {
  std::size_t first = 0, last = plan.steps.size();
  if (selection.from == "failed") {
    CDCTL_TRY_ASSIGN(first, last_stop(plan, journal));
  } else if (!selection.from.empty()) {
    CDCTL_TRY_ASSIGN(first, find_step(plan, selection.from));
  }
  if (!selection.until.empty()) {
    CDCTL_TRY_ASSIGN(const auto index, find_step(plan, selection.until));
    last = index + 1;
  }
  if (first >= last && first < plan.steps.size())
    return fail(ExitCode::usage, "--until comes before --from: no phase is left");
  std::vector<bool> wanted(plan.steps.size(), selection.only.empty());
  for (const auto& text : selection.only) {
    CDCTL_TRY_ASSIGN(const auto index, find_step(plan, text));
    wanted[index] = true;
  }
  std::vector<PlannedStep> out;
  for (std::size_t i = first; i < last; ++i)
    if (wanted[i]) out.push_back(plan.steps[i]);
  if (out.empty() && !selection.only.empty())
    return fail(ExitCode::usage, "no line of --only is between --from and --until");
  return out;
}

}  // namespace cdctl::mojo
