#include "core/land/verify.hpp"

#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/landing.hpp"
#include "cli/output/context.hpp"
#include "core/land/targets.hpp"

namespace cdctl::cli {

int run_verify(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::minutes(10)));
    CDCTL_TRY(context.check_home());
    if (const auto& config = context.config(); !config.trusted)
      return fail(ExitCode::config,
                  fmt::format("verify: verify.command is a program, which a configuration found by "
                              "walking up may not name; pass --config {} if you trust it",
                              config.file.string()));
    land::Verifier verifier(context, {args.has("again"), timeout});
    return for_each_candidate(
        context, "the candidate records of cdctl gate",
        "use cdctl proposals | cdctl gate | cdctl verify", true, [&](records::Candidate candidate) {
          const bool looked = candidate.verdict == "ready" || candidate.verdict == "merged";
          if (!looked) {
            context.out.note(fmt::format("{}: {} is {}, and not verified", candidate.target,
                                         candidate.proposal, candidate.verdict));
            return;
          }
          const auto target = candidate.target, proposal = candidate.proposal;
          const auto done = verifier.verify(std::move(candidate));
          if (!done)
            return context.report(done.error().in(fmt::format("{}: {}", target, proposal)));
          context.out.write(records::encode(*done));
          if (done->verdict == "rejected") context.note_exit(ExitCode::failed);
        });
  });
}

}  // namespace cdctl::cli
