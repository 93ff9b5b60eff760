#pragma once

#include <string>
#include <vector>

#include "core/app/context.hpp"

namespace cdctl::cli {

struct TellerOptions {
  std::vector<std::string> services;  ///< all where empty
  Millis window{24 * 3'600'000};      ///< that timelines, actions and signals reach back
  Millis every{2000}, timeout{10'000};
};

/// The process beside the one that serves the page: it alone asks, for all who look. Writes lines
/// of kind `section` (`name`, `html`; `unread` where it only says that it could not be read) for
/// the parts that changed; of kind `look` after each look, with what it cost, what could not be
/// asked, and the names of all parts in order; and of kind `news` where actions and signals came
/// between two looks. Returns when it is to stop, when nobody reads it, and when the configuration
/// has changed.
[[nodiscard]] Result<> tell_board(app::Context& context, const TellerOptions& options);

}  // namespace cdctl::cli
