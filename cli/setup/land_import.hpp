#pragma once

#include <cdctl/args.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// `cdctl land import tarmac.conf`: a file of targets.d for each branch that it lands on, and a
/// record for each of its keys. What is there already stays; exit code `refused` when it is another
/// text.
[[nodiscard]] Result<> import_landing(Context& context, const Arguments& args);

}  // namespace cdctl::cli
