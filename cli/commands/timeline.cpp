#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cdctl/error_record.hpp>
#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"
#include "cli/timeline/gather.hpp"
#include "cli/timeline/html.hpp"
#include "cli/timeline/svg.hpp"
#include "cli/timeline/text.hpp"

namespace cdctl::cli {

namespace {

Terminal terminal_of(const Output& out) {
  Terminal terminal{80, !screen_knows_utf8(), out.colour()};
  struct winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 50)
    terminal.width = std::min<std::size_t>(size.ws_col, 200);
  return terminal;
}

}  // namespace

int run_timeline(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    CDCTL_TRY_ASSIGN(const auto since, since_option(args, std::chrono::hours(7 * 24)));
    if (args.words.size() != 1 || !valid_service_name(args.words.front()))
      return fail(ExitCode::usage, "timeline: name one SERVICE, such as thumbs");
    if (*since >= now()) return fail(ExitCode::usage, "timeline: --since lies in the future");
    CDCTL_TRY_ASSIGN(const auto timeline, gather_timeline(context, args.words.front(), *since,
                                                          !args.has("since"), Deadline(timeout)));
    const auto& picture = context.out.picture();
    if (picture.empty())
      for (const auto& lane : timeline.lanes) context.out.write(records::encode(lane.record()));
    else
      context.out.text(picture == "svg"    ? timeline_svg(timeline)
                       : picture == "html" ? timeline_html(timeline)
                                           : timeline_text(timeline, terminal_of(context.out)));
    return {};
  });
}

}  // namespace cdctl::cli
