#include <filesystem>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/land/target_outcome.hpp"
#include "core/land/targets.hpp"
#include "core/land/votes.hpp"

namespace cdctl::cli {

int run_review(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.words.size() != 2)
      return fail(ExitCode::usage,
                  "review: say the proposal and the vote: cdctl review fix approve");
    const auto vote = land::vote_of(args.words[1]);
    if (vote.empty() || vote == "Pending" || vote == "Unresolved")
      return fail(ExitCode::usage,
                  fmt::format("review: there is no vote '{}'; one of approve needs-fixing "
                              "needs-information needs-resubmitting disapprove abstain",
                              printable(args.words[1], 40)));
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::minutes(2)));
    CDCTL_TRY(context.check_home());
    CDCTL_TRY_ASSIGN(const auto* target, land::one_target(context, args.value("target")));
    CDCTL_TRY_ASSIGN(auto* const forge, context.forge(target->forge));
    const bool dry_run = args.has("dry-run");
    const ReviewRequest request{
        std::filesystem::current_path(), args.words[0], args.value("head"), vote,
        args.value("message"),           dry_run};
    land::TargetOutcome outcome(context, "review", target->name, args.words[0], dry_run);
    const auto answer = forge->review(*target, request, Deadline(timeout));
    if (!answer) return fail(answer.error().in("review: " + target->name));
    outcome.changed(answer->changed);
    outcome.set("head", answer->head);
    outcome.set("vote", vote);
    outcome.set("reviewers", Json::strings({answer->who}));
    outcome.write();
    return {};
  });
}

}  // namespace cdctl::cli
