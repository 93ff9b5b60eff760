#pragma once

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>

#include "output.hpp"

namespace cdctl::cli {

/// Sets format, colour and talk as the global options say. Exit code `usage` for an unknown format.
[[nodiscard]] Result<> set_output(const Arguments& args, Output& out);

}  // namespace cdctl::cli
