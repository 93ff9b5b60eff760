#pragma once

#include <string>
#include <vector>

#include <cdctl/args.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "cli/output/context.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

/// The sets that the arguments of an actor name: selectors, or `-` for whole names on stdin. A name
/// that is not there any more is given as it is: what cannot be found is already done.
[[nodiscard]] Result<std::vector<SetName>> targets_of(Context& context, const Arguments& args,
                                                      const Deadline& deadline);

/// The sets that --even-last names, in any way that names exactly one: what was meant to lift a
/// guard is never ignored. Exit code `usage` for any other, and for one that is not among `targets`
/// (empty: they come from standard input).
[[nodiscard]] Result<std::vector<SetName>> even_last_of(Context& context, const Arguments& args,
                                                        const std::vector<SetName>& targets,
                                                        const Deadline& deadline);

}  // namespace cdctl::cli
