#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/actions/retire.hpp"

namespace cdctl::cli {

int run_retire(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(60)));
    CDCTL_TRY_ASSIGN(const auto grace, optional_duration(args, "grace"));
    if (args.words.size() != 1 || !valid_service_name(args.words[0]))
      return fail(ExitCode::usage, "retire: name one SERVICE, and once more with --confirm");
    if (args.value("confirm") != args.words[0])
      return fail(ExitCode::usage,
                  fmt::format("retire: it ends all of {}; say --confirm {} if you mean it",
                              args.words[0], args.words[0]));
    if (const auto broken = context.config().broken.find(args.words[0]);
        broken != context.config().broken.end())
      return std::unexpected(broken->second);
    actions::retire_service(context, args.words[0],
                            {grace, args.has("dry-run"), true, true, true, args.value("gone-home")},
                            timeout);
    return {};
  });
}

}  // namespace cdctl::cli
