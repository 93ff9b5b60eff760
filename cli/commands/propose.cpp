#include <filesystem>

#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/land/target_outcome.hpp"
#include "core/land/targets.hpp"

namespace cdctl::cli {

int run_propose(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::minutes(2)));
    CDCTL_TRY(context.check_home());
    CDCTL_TRY_ASSIGN(const auto* target, land::one_target(context, args.value("target")));
    CDCTL_TRY_ASSIGN(auto* const forge, context.forge(target->forge));
    const bool dry_run = args.has("dry-run");
    const ProposeRequest request{std::filesystem::current_path(), args.value("revision"),
                                 args.words.empty() ? "" : args.words.front(), args.values("after"),
                                 dry_run};
    land::TargetOutcome outcome(context, "propose", target->name, request.id, dry_run);
    const auto answer = forge->propose(*target, request, Deadline(timeout));
    if (!answer) return fail(answer.error().in("propose: " + target->name));
    outcome.name(answer->id);
    outcome.changed(answer->changed);
    outcome.set("head", answer->head);
    outcome.set("ref", answer->ref);
    outcome.write();
    return {};
  });
}

}  // namespace cdctl::cli
