#pragma once

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

namespace cdctl::mojo {

using plugin::guarded;

/// The value of a DURATION option. Exit code `usage`.
[[nodiscard]] Result<Millis> duration_option(const Arguments& args, std::string_view name,
                                             Millis otherwise);

}  // namespace cdctl::mojo
