#include "core/actions/left_stopped.hpp"

#include <string>

#include "core/fleet/late_cut.hpp"

namespace cdctl::actions {

namespace {

/// As a mend has noted it, which comes before the units.
bool half_mended(const std::optional<MemoryEntry>& entry) {
  return entry && !entry->cut.value_or(false) && entry->cut_memo && !entry->cut_memo->cut &&
         !entry->cut_memo->stopped_in.empty();
}

/// Whether they stand still although nothing says that they should.
Result<bool> stopped(const ServiceConfig& service, SetTransaction& transaction) {
  const auto& entry = transaction.entry();
  if (half_mended(entry)) return true;
  const bool uncut = entry && entry->cut == false && !(entry->cut_memo && entry->cut_memo->cut);
  if (!uncut || !service.has_switch(service.engine)) return false;
  CDCTL_TRY_ASSIGN(const auto found, transaction.status());
  return found.world_cut == true;
}

/// Why they stay so all the same; empty when they do not.
Result<std::string> why_kept(app::Context& context, const SetName& set,
                             const std::optional<MemoryEntry>& entry) {
  if (half_mended(entry)) return std::string();
  CDCTL_TRY_ASSIGN(const bool cutting, fleet::LateCut::goes_on(context, set));
  if (cutting) return std::string("it is being cut, so its units stay stopped");
  const auto begun = fleet::unfinished_cut(context, set, entry.value_or(MemoryEntry{}));
  return begun ? "its units stay stopped: " + begun->text(set) : std::string();
}

Result<> start_locked(app::Context& context, const ServiceConfig& service, const SetName& set,
                      SetTransaction& transaction, Outcome& outcome) {
  CDCTL_TRY(transaction.read());
  CDCTL_TRY_ASSIGN(const bool still, stopped(service, transaction));
  if (!still) return {};
  CDCTL_TRY_ASSIGN(const auto kept, why_kept(context, set, transaction.entry()));
  if (!kept.empty()) {
    context.out.note(set.str() + ": " + kept);
    return {};
  }
  const bool noted = half_mended(transaction.entry());
  CDCTL_TRY(transaction.mend_world(false));
  outcome.changed();
  if (!noted) return {};
  auto memo = *transaction.entry()->cut_memo;
  memo.stopped_in.clear();
  return transaction.close(memo);
}

}  // namespace

Result<bool> left_stopped(app::Context& context, const ServiceConfig& service, const SetName& set,
                          SetTransaction& transaction) {
  CDCTL_TRY_ASSIGN(const bool still, stopped(service, transaction));
  if (!still) return false;
  CDCTL_TRY_ASSIGN(const auto kept, why_kept(context, set, transaction.entry()));
  return kept.empty();
}

Result<> start_stopped(app::Context& context, const ServiceConfig& service, const SetName& set,
                       SetTransaction& transaction, Outcome& outcome) {
  CDCTL_TRY_ASSIGN(const bool still, stopped(service, transaction));
  if (!still) return {};
  CDCTL_TRY(transaction.lock());
  auto done = start_locked(context, service, set, transaction, outcome);
  transaction.unlock();
  return done;
}

}  // namespace cdctl::actions
