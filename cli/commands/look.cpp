#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/command_line/since.hpp"
#include "cli/output/context.hpp"
#include "cli/page/teller.hpp"
#include "cli/top/looker.hpp"
#include "cli/top/prober.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::cli {

int run_look(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto every, duration_option(args, "every", std::chrono::seconds(1)));
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(10)));
    for (const auto& service : args.words) CDCTL_TRY(fleet::find_service(context, service));
    if (args.has("page")) {
      CDCTL_TRY_ASSIGN(const auto since, since_option(args, TellerOptions().window));
      return tell_board(context, {args.words, now() - *since, every, timeout});
    }
    if (args.has("probes")) return tell_troubles(context, args.words, timeout);
    return tell_looks(context, args.words, every, timeout);
  });
}

}  // namespace cdctl::cli
