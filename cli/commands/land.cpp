#include "core/land/land.hpp"

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/landing.hpp"
#include "cli/output/context.hpp"
#include "cli/setup/land_import.hpp"

namespace cdctl::cli {

int run_land(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (!args.words.empty()) return import_landing(context, args);
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::minutes(2)));
    CDCTL_TRY(context.check_home());
    land::Lander lander(context, {args.has("dry-run"), args.has("trust-record"), timeout});
    CDCTL_TRY(lander.check());
    bool first = true;
    const auto recover = [&] {
      if (std::exchange(first, false)) lander.recover();
    };
    const auto done =
        for_each_candidate(context, "the candidate records of cdctl verify",
                           "use cdctl proposals | cdctl gate | cdctl verify | cdctl land", false,
                           [&](records::Candidate candidate) {
                             recover();
                             lander.land(std::move(candidate));
                           });
    if (done) recover();
    lander.finish();
    return done;
  });
}

}  // namespace cdctl::cli
