#pragma once

#include <cdctl/roles.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// Sends the signals of standard input, in either form, in batches as they come; `spool`: what
/// cannot be sent now is kept. Exit code `usage` when standard input is a terminal.
[[nodiscard]] Result<> signals_from_stdin(Context& context, Feed& feed, bool spool, Millis timeout);

}  // namespace cdctl::cli
