#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"
#include "cli/page/serve.hpp"
#include "cli/timeline/gather.hpp"
#include "cli/timeline/html.hpp"
#include "cli/timeline/svg.hpp"
#include "cli/timeline/text.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::cli {

namespace {

Terminal terminal_of(const Output& out) {
  Terminal terminal{80, !screen_knows_utf8(), out.colour()};
  struct winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 50)
    terminal.width = std::min<std::size_t>(size.ws_col, 200);
  return terminal;
}

/// The board of services for browsers. An address may follow the option as a word of its own: no
/// service has a colon in its name.
Result<> serve(Context& context, const Arguments& args) {
  auto address = args.value("listen");
  auto services = args.words;
  if (address.empty() && !services.empty() && services.front().contains(':')) {
    address = services.front();
    services.erase(services.begin());
  }
  TellerOptions options;
  options.services = services;
  CDCTL_TRY_ASSIGN(const auto since, since_option(args, options.window));
  options.window = now() - *since;
  CDCTL_TRY_ASSIGN(options.every, duration_option(args, "every", options.every));
  CDCTL_TRY_ASSIGN(options.timeout, duration_option(args, "timeout", options.timeout));
  if (options.timeout <= Millis(0))
    return fail(ExitCode::usage, "timeline --listen: --timeout must be more than 0");
  if (options.window < std::chrono::minutes(1))
    return fail(ExitCode::usage, "timeline --listen: --since is a minute ago or longer");
  if (options.every < Millis(200) || options.every > std::chrono::hours(1))
    return fail(ExitCode::usage, "timeline --listen: --every is from 200ms to 1h");
  CDCTL_TRY(context.check_home());
  for (const auto& service : services) CDCTL_TRY(fleet::find_service(context, service));
  return serve_page(context, address.empty() ? std::string(k_page_address) : address,
                    args.value("token-file"), options);
}

}  // namespace

int run_timeline(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.has("listen")) return serve(context, args);
    for (const auto* option : {"token-file", "every"})
      if (args.has(option))
        return fail(ExitCode::usage, fmt::format("timeline: --{} goes with --listen", option));
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
