#pragma once

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>

#include "cli/output/output.hpp"

namespace cdctl::cli {

/// Sets format, colour and talk as the global options say; `formats` are those of a command that
/// draws pictures. Exit code `usage` for an unknown format.
[[nodiscard]] Result<> set_output(const Arguments& args, Output& out,
                                  std::string_view formats = {});

}  // namespace cdctl::cli
