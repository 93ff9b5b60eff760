#include "cli/command_line/since.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::cli {

Result<std::optional<Time>> since_option(const Arguments& args, std::optional<Millis> otherwise) {
  if (!args.has("since"))
    return otherwise ? std::optional(now() - *otherwise) : std::optional<Time>();
  const auto text = args.value("since");
  if (const auto time = parse_rfc3339(text)) return time;
  auto ago = parse_duration(text);
  if (!ago)
    return fail(ExitCode::usage,
                fmt::format("--since '{}' is neither a duration (10m) nor an RFC 3339 time",
                            printable(text, 40)));
  return std::optional(now() - *ago);
}

}  // namespace cdctl::cli
