#pragma once

#include <vector>

#include <cdctl/roles.hpp>
#include <cdctl/time.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// Whether somebody works on each service that was ever deployed.
[[nodiscard]] std::vector<Check> look_at_work(Context& context, const Deadline& deadline);

}  // namespace cdctl::cli
