#pragma once

#include <string>
#include <vector>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// The second process of `top` (its third: prober.hpp): it asks, so that the one that draws never
/// waits. Writes what is known of the sets that changed, with what the probe counted (`work`) and
/// what it found wrong (`trouble`), as lines of kind `set`; `cdctl.signal/1` records as they come;
/// and a line of kind `look` after each look: what it cost, what could not be asked, which sets
/// went. Returns when it is to stop, or nobody reads it.
[[nodiscard]] Result<> tell_looks(Context& context, const std::vector<std::string>& services,
                                  Millis every, Millis timeout);

}  // namespace cdctl::cli
