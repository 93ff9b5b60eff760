#pragma once

#include <optional>

#include <cdctl/args.hpp>
#include <cdctl/time.hpp>

namespace cdctl::cli {

/// The option --since: a duration back from now, or an RFC 3339 time; `otherwise` when it is not
/// given. Exit code `usage`.
[[nodiscard]] Result<std::optional<Time>> since_option(const Arguments& args,
                                                       std::optional<Millis> otherwise);

}  // namespace cdctl::cli
