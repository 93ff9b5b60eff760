#pragma once

#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "plugins/mojo/manifest/plan.hpp"

namespace cdctl::mojo {

/// Which steps of a plan a person wants: `--from`, `--until`, `--only`.
struct Selection {
  std::string from;   ///< LINE, FILE:LINE or `failed`; empty = the first
  std::string until;  ///< included; empty = the last
  std::vector<std::string> only;

  [[nodiscard]] bool resumes() const { return !from.empty() || !only.empty(); }
};

/// The steps that are selected, in order. `journal` is what the last run did, for `failed`: the
/// step that failed or was running when it was killed, or the one after the last that was done.
/// Exit code `usage` for a line without a phase, with the nearest that has one.
[[nodiscard]] Result<std::vector<PlannedStep>> select_steps(const Plan& plan,
                                                            const Selection& selection,
                                                            const std::vector<Json>& journal);

/// How `--from` names a step: `12`, or `common:3` in an include.
[[nodiscard]] std::string step_name(const Plan& plan, const std::string& path, std::size_t line);

}  // namespace cdctl::mojo
