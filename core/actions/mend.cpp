#include "core/actions/mend.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

namespace {

/// Notes the mend, when there is anything to mend.
Result<> note(app::Context& context, const std::optional<CutMemo>& memo, Outcome& outcome,
              SetTransaction& transaction) {
  auto mended = memo.value_or(CutMemo{false, context.actor(), "", now(), {}, {}});
  mended.cut = false;
  mended.by = context.actor();
  mended.mended_at = now();
  // A set on trial has a limit of one connection, which a switch takes for somebody's own: back to
  // the cut that mend undoes.
  if (mended.probation) CDCTL_TRY(transaction.drain());
  mended.probation.reset();
  CDCTL_TRY(transaction.note(mended));
  outcome.changed();
  return {};
}

Result<> mend(app::Context& context, const SetName& name, bool thaw, Outcome& outcome,
              const Deadline& deadline) {
  SetTransaction transaction(context, name, outcome, k_mend, deadline);
  if (const auto* configured = context.config().service(name.service);
      configured && !outcome.dry_run()) {
    CDCTL_TRY(transaction.open(configured));
    // Held to the end: no breaker cuts between our look and our limit.
    CDCTL_TRY(transaction.lock());
  }
  fleet::Fleet fleet(context);
  fleet.load({name.service}, deadline);
  auto* view = fleet.service(name.service);
  const auto* set = view ? view->set(name) : nullptr;
  if (!set) {
    if (view && view->error) return std::unexpected(*view->error);
    outcome.set("absent", true);
    return {};
  }
  const auto& memo = set->memory.cut_memo;
  if (const auto& force = set->memory.force; force && force->state == Force::State::open) {
    return fail(ExitCode::refused,
                fmt::format("it is forced open by {}: {}; cdctl force none {} lifts that",
                            force->by, printable(force->why, 120), name.str()));
  }
  const bool cut = set->cut.value_or(true) || (memo && memo->cut);
  if (outcome.dry_run()) {
    if (cut) outcome.changed();
    return {};
  }
  CDCTL_TRY(transaction.open(view->config));
  CDCTL_TRY(cut ? note(context, memo, outcome, transaction) : transaction.note({}));
  CDCTL_TRY(transaction.mend_world(thaw));
  if (!set->cut.value_or(true)) return {};  // the limit is the truth: nothing to restore
  return transaction.mend(memo ? memo->prev_limit : std::nullopt);
}

}  // namespace

bool mend_set(app::Context& context, const SetName& set, const MendOptions& options,
              const Deadline& deadline) {
  Outcome outcome(context, "mend", set, options.dry_run);
  if (auto done = mend(context, set, options.thaw, outcome, deadline); !done)
    outcome.fail_with(done.error());
  outcome.write();
  return outcome.ok();
}

}  // namespace cdctl::actions
