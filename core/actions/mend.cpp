#include "core/actions/mend.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/actions/absent.hpp"
#include "core/actions/outcome.hpp"
#include "core/actions/set_transaction.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/forces.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::actions {

namespace {

/// Notes the mend, and that the units in `stopped_in` are still to be let back: whoever is killed
/// before that leaves a set that `outdated` offers again. The memo as it is then.
Result<CutMemo> note(app::Context& context, const std::optional<CutMemo>& memo,
                     const std::string& stopped_in, Outcome& outcome, SetTransaction& transaction) {
  auto mended = memo.value_or(CutMemo{false, context.actor(), "", now(), {}, {}});
  mended.cut = false;
  mended.by = context.actor();
  mended.mended_at = now();
  // A set on trial has a limit that is not 0, which a switch takes for somebody's own: back to
  // the cut that mend undoes.
  if (mended.probation) CDCTL_TRY(transaction.drain());
  mended.probation.reset();
  mended.stopped_in = stopped_in;
  CDCTL_TRY(transaction.note(mended));
  outcome.changed();
  return mended;
}

/// There was no limit to lift: what it would be let in by is gone.
Error no_user(const SetName& name) {
  return {ExitCode::failed,
          fmt::format("it is not cut any more, but its user on the broker is gone, so that none of "
                      "its units gets in; cdctl deploy {}@{} makes it again",
                      name.service, name.revision)};
}

/// The broker lets it in; its units are another home's to start, or this one's, which could not be
/// asked.
Result<> finish_elsewhere(const fleet::SetView& set, const std::optional<Error>& unasked) {
  return fail(
      fmt::format("its limit is lifted, but its units are in home {} and stay stopped until "
                  "cdctl mend {}, or cdctl outdated | cdctl deploy, runs there{}",
                  set.home, set.name.str(),
                  unasked ? "; it could not be asked from here: " + unasked->what : std::string()));
}

/// The units, and then the memory, which has said since the note that they were still stopped.
Result<> mend_here(std::optional<CutMemo> memo, bool thaw, Outcome& outcome,
                   SetTransaction& transaction) {
  CDCTL_TRY(transaction.mend_world(thaw));
  if (!memo || memo->stopped_in.empty()) return {};
  memo->stopped_in.clear();
  outcome.changed();
  return transaction.close(*memo);
}

/// Whether the name was refused while nothing was out there by it: it was never cut, and a mend
/// takes the word back.
bool refused_ahead(const MemoryEntry& entry) {
  if (!entry.cut_memo || !entry.cut_memo->cut) return false;
  return !entry.set || (entry.set->reaped_at && *entry.set->reaped_at < entry.cut_memo->at);
}

/// Nothing is out there by that name.
Result<> mend_nothing(app::Context& context, const fleet::ServiceView* view, const SetName& name,
                      Outcome& outcome, SetTransaction& transaction) {
  CDCTL_TRY(check_was_there(context, view, name));
  const auto& entry = view->gone.at(name.str());
  outcome.set("absent", true);
  if (!refused_ahead(entry)) return {};
  outcome.changed();
  if (outcome.dry_run()) return {};
  auto memo = *entry.cut_memo;
  memo.cut = false;
  memo.by = context.actor();
  memo.mended_at = now();
  CDCTL_TRY(transaction.open(view->config));
  return transaction.close(memo);
}

Result<> mend(app::Context& context, const SetName& name, bool thaw, Outcome& outcome,
              const Deadline& deadline) {
  SetTransaction transaction(context, name, outcome, k_mend, deadline);
  if (!outcome.dry_run()) {
    CDCTL_TRY(transaction.open(context.config().service(name.service)));
    // Held to the end: no breaker cuts between our look and our limit.
    CDCTL_TRY(transaction.lock());
  }
  fleet::Fleet fleet(context);
  fleet.load({name.service}, deadline);
  auto* view = fleet.service(name.service);
  // What is noted there takes the place of what nobody has read.
  if (view && view->memory_error) return std::unexpected(*view->memory_error);
  const auto* set = view ? view->set(name) : nullptr;
  if (!set) {
    if (view && view->error) return std::unexpected(*view->error);
    return mend_nothing(context, view, name, outcome, transaction);
  }
  CDCTL_TRY(fleet::refuse_foreign(context, *set));
  auto memo = set->memory.cut_memo;
  if (const auto& force = set->memory.force; force && force->state == Force::State::open) {
    return fail(ExitCode::refused, "it is forced open " + fleet::forced_text(*force, name));
  }
  // What a cut has stopped that was never noted is mended like one that was: evidence from before
  // does not cut it again.
  const bool unnoted = set->left_stopped() && !set->half_mended();
  const bool cut = set->cut.value_or(true) || (memo && memo->cut) || unnoted;
  const bool stops = view->config->has_switch(view->config->engine) && !set->ghost;
  const bool reached = set->here() || !stops;
  const bool half = !reached && (cut || (memo && !memo->stopped_in.empty()));
  if (outcome.dry_run()) {
    if (cut || set->left_stopped()) outcome.changed();
    return {};
  }
  CDCTL_TRY(transaction.open(view->config));
  if (cut) {
    CDCTL_TRY_ASSIGN(memo, note(context, memo, stops ? set->home : "", outcome, transaction));
  } else {
    CDCTL_TRY(transaction.note({}));
  }
  // The limit first, so that no unit starts against a closed door. It is the truth: where there is
  // none, nothing is to be restored.
  if (set->cut.value_or(true)) CDCTL_TRY(transaction.mend(memo ? memo->prev_limit : std::nullopt));
  if (reached) CDCTL_TRY(mend_here(std::move(memo), thaw, outcome, transaction));
  if (set->locked_out) return fail(no_user(name));
  return half ? finish_elsewhere(*set, view->error) : Result<>();
}

}  // namespace

bool mend_set(app::Context& context, const SetName& set, const MendOptions& options,
              const Deadline& deadline) {
  Outcome outcome(context, "mend", set, options.dry_run);
  outcome.why(options.why);
  if (auto done = mend(context, set, options.thaw, outcome, deadline); !done)
    outcome.fail_with(done.error());
  outcome.write();
  return outcome.ok();
}

}  // namespace cdctl::actions
