#include <fmt/format.h>

#include "../command.hpp"
#include "../fleet.hpp"
#include "../outcome.hpp"
#include "../targets.hpp"

namespace cdctl::cli {

namespace {

/// The reverse of a cut: memory, engine, then the broker's limit. Every step is repeated on a second run, so that one
/// that was killed in between is completed.
Result<> mend(Context& context, const SetName& name, bool thaw, Outcome& outcome, const Deadline& deadline) {
  Fleet fleet(context);
  fleet.load({name.service}, deadline);
  auto* view = fleet.service(name.service);
  const auto* set = view ? view->set(name) : nullptr;
  if (!set) {
    if (view && view->error) return std::unexpected(*view->error);
    outcome.set("absent", true);
    return {};
  }
  const auto& service = *view->config;
  const auto& memo = set->memory.cut_memo;
  const bool cut = set->cut.value_or(true) || (memo && memo->cut);
  if (outcome.dry_run()) {
    if (cut) outcome.changed();
    return {};
  }
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(Context::memory_name(service)));
  if (cut) {
    auto mended = memo.value_or(CutMemo{false, context.actor(), "", now(), {}, {}});
    mended.cut = false;
    mended.by = context.actor();
    mended.mended_at = now();
    CDCTL_TRY(memory->put_cut(name, mended, deadline));
    outcome.changed();
  }
  crash_point("mend.remembered");
  if (service.has_switch(service.engine)) {
    CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service.engine));
    if (!outcome.step(service.engine, engine->mend(name, thaw, deadline))) return {};
    crash_point("mend.world");
  }
  for (const auto& plugin : context.broker_switches(service)) {
    if (!set->cut.value_or(true)) break;  // the limit is the truth: nothing to restore
    CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(plugin));
    if (!outcome.step(plugin, broker->mend(name, memo ? memo->prev_limit : std::nullopt, deadline))) return {};
    crash_point("mend." + plugin);
  }
  return {};
}

}  // namespace

int run_mend(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.words.empty()) return fail(ExitCode::usage, "mend: name a SET, or - to read whole set names from stdin");
    CDCTL_TRY_ASSIGN(const auto targets, targets_of(context, args, Deadline(timeout)));
    for (const auto& set : targets) {
      if (Stop::requested() || context.out.broken()) break;
      Outcome outcome(context, "mend", set, args.has("dry-run"));
      if (auto done = mend(context, set, args.has("thaw"), outcome, Deadline(timeout)); !done) outcome.fail_with(done.error());
      outcome.write();
    }
    return {};
  });
}

}  // namespace cdctl::cli
