#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/tripping.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

namespace {

/// The file takes the place of standard input: the same reader, the same records.
Result<> read_from(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::dup2(file.get(), STDIN_FILENO) < 0)
    return fail(ExitCode::usage, fmt::format("reading --replay {}: {}", path, errno_text(errno)));
  return {};
}

}  // namespace

int run_trip(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    const TripOptions options{args.has("all"), args.has("explain"), args.has("replay")};
    CDCTL_TRY_ASSIGN(const auto book, fleet::RuleBook::make(context, args.values("rule")));
    if (options.replay) CDCTL_TRY(read_from(args.value("replay")));
    if (::isatty(STDIN_FILENO))
      return fail(ExitCode::usage,
                  "standard input is a terminal: pipe the signal records of cdctl signals into it");
    Tripping tripping(context, book, options);
    tripping.run();
    if (args.has("exit-code") && tripping.any_unhealthy() && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
