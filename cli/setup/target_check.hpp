#pragma once

#include <vector>

#include <cdctl/roles/doctor.hpp>
#include <cdctl/time.hpp>

#include "cli/output/context.hpp"
#include "cli/setup/config_view.hpp"

namespace cdctl::cli {

/// What is wrong with targets whose files are good, as far as this machine can tell by itself: for
/// `config check`, which asks nobody over a network. Of one that is broken already nothing more.
[[nodiscard]] std::vector<ConfigProblem> find_target_problems(Context& context);

/// The same for `doctor`, and whether each repository can be read and has the branch.
[[nodiscard]] std::vector<Check> look_at_targets(Context& context, const Deadline& deadline);

}  // namespace cdctl::cli
