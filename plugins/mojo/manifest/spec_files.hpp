#pragma once

#include <string>
#include <vector>

#include "plugins/mojo/manifest/plan.hpp"

namespace cdctl::mojo {

/// Looks into the file of a step, `shown` in messages, before anything runs. What is wrong with the
/// file as the step's is answered (it belongs to the manifest's line); what is wrong inside it goes
/// to `problems`, with its own lines.
[[nodiscard]] std::vector<std::string> check_spec_file(const PlannedStep& step,
                                                       const std::string& shown,
                                                       std::vector<Problem>& problems,
                                                       std::vector<Problem>& warnings);

}  // namespace cdctl::mojo
