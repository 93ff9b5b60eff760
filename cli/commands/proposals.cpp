#include "core/land/targets.hpp"

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"

namespace cdctl::cli {

int run_proposals(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::minutes(2)));
    CDCTL_TRY(context.check_home());
    CDCTL_TRY_ASSIGN(const auto targets, land::asked_targets(context, args.words));
    land::write_proposals(context, targets, Deadline(timeout));
    if (context.out.tabular() && !context.out.any() && context.exit_code() == 0)
      context.out.note("nothing is proposed; cdctl propose offers a branch");
    return {};
  });
}

}  // namespace cdctl::cli
