#pragma once

#include <string>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// The sets that the arguments of an actor name: selectors, or `-` for whole names on stdin. A name
/// that is not there any more is given as it is: what cannot be found is already done.
[[nodiscard]] Result<std::vector<SetName>> targets_of(Context& context, const Arguments& args,
                                                      const Deadline& deadline);

}  // namespace cdctl::cli
