#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/tripping.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

namespace {

/// A pipe that a shell has made for the occasion, `<(zcat day.gz)`: somebody writes into it.
bool is_shells_pipe(const std::string& path) {
  struct stat info{};
  struct statfs place{};
  return ::stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode) &&
         ::statfs(path.c_str(), &place) == 0 && place.f_type == PIPEFS_MAGIC;
}

/// The file takes the place of standard input: the same reader, the same records. A FIFO of a name
/// would be waited for, and a device has no end.
Result<> read_from(const std::string& path) {
  auto file = is_shells_pipe(path) ? Result<Fd>(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)))
                                   : open_regular_file(path);
  if (!file) return fail(ExitCode::usage, "reading --replay: " + file.error().what);
  if (!file->valid() || ::dup2(file->get(), STDIN_FILENO) < 0)
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
