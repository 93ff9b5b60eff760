#include <unistd.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"
#include "cli/top/session.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::cli {

int run_top(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))
      return fail(ExitCode::usage,
                  "top: it needs a terminal for its keys and its screen; cdctl ls writes records");
    CDCTL_TRY_ASSIGN(const auto every, duration_option(args, "every", std::chrono::seconds(1)));
    CDCTL_TRY(duration_option(args, "timeout", std::chrono::seconds(10)));
    if (every < Millis(200) || every > std::chrono::hours(1))
      return fail(ExitCode::usage, "top: --every is from 200ms to 1h");
    for (const auto& service : args.words) CDCTL_TRY(fleet::find_service(context, service));
    TopSession::Options options{words_of(context), {"__look"}, every, !screen_knows_utf8()};
    options.look.insert(options.look.end(), args.words.begin(), args.words.end());
    for (const auto* name : {"every", "timeout"}) {
      if (!args.has(name)) continue;
      options.look.push_back(std::string("--") + name);
      options.look.push_back(args.value(name));
    }
    CDCTL_TRY_ASSIGN(const auto screen, open_screen(context.out.colour(), !options.ascii));
    return TopSession(*screen, std::move(options)).run();
  });
}

}  // namespace cdctl::cli
