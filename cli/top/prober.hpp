#pragma once

#include <string>
#include <vector>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// The third process of `top`: asks the probes that the looks do not ask, of engines and of other
/// plugins, which may take long or start programs. Writes a record of kind `trouble` for each probe
/// after each round: what is wrong with which set, or why it could not be asked. Keeps what the
/// probes remember to itself: nothing that `cdctl probe` counts is taken away from it. Returns at
/// once where no service has such a probe.
[[nodiscard]] Result<> tell_troubles(Context& context, const std::vector<std::string>& services,
                                     Millis timeout);

}  // namespace cdctl::cli
