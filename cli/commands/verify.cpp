#include "core/land/verify.hpp"

#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/landing.hpp"
#include "cli/output/context.hpp"
#include "core/land/results.hpp"

namespace cdctl::cli {

namespace {

/// `land` says where the log is; a table, which nobody pipes into it, has no room for that.
void tell(Context& context, const records::Candidate& candidate) {
  context.note_exit(ExitCode::failed);
  if (context.out.tabular())
    context.out.note(fmt::format("{}: {}: {}", candidate.target, candidate.proposal,
                                 land::why_with_log(candidate.why, candidate.log)));
}

}  // namespace

int run_verify(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::minutes(10)));
    CDCTL_TRY(context.check_home());
    if (const auto& config = context.config(); !config.trusted)
      return fail(ExitCode::config,
                  fmt::format("verify: verify.command is a program, which a configuration may not "
                              "name that was only found in this folder or one above; pass "
                              "--config {} if you trust it",
                              config.file.string()));
    CDCTL_TRY_ASSIGN(const auto jobs, number_option(args, "jobs", 1));
    if (jobs < 1 || jobs > 64)
      return fail(ExitCode::usage, "verify: --jobs must be a number from 1 to 64");
    std::vector<records::Candidate> candidates;
    CDCTL_TRY(for_each_candidate(
        context, "the candidate records of cdctl gate",
        "use cdctl proposals | cdctl gate | cdctl verify", true, [&](records::Candidate candidate) {
          const bool looked = candidate.verdict == "ready" || candidate.verdict == "merged" ||
                              candidate.verdict == "deferred";
          if (looked)
            candidates.push_back(std::move(candidate));
          else
            context.out.note(fmt::format("{}: {} is {}, and not verified", candidate.target,
                                         candidate.proposal, candidate.verdict));
        }));
    land::Verifier verifier(
        context,
        {args.has("again"), static_cast<std::size_t>(jobs), timeout, args.has("trust-record")},
        [&](const records::Candidate& candidate) {
          context.out.write(records::encode(candidate));
          context.out.flush();  // the next may take an hour
          if (candidate.verdict == "rejected") tell(context, candidate);
        });
    return verifier.verify(std::move(candidates));
  });
}

}  // namespace cdctl::cli
