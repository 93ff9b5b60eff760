#include "core/actions/left_stopped.hpp"

#include "core/actions/late_cut.hpp"

namespace cdctl::actions {

namespace {

/// As a mend has noted it, which comes before the units.
bool half_mended(const std::optional<MemoryEntry>& entry) {
  return entry && !entry->cut.value_or(false) && entry->cut_memo && !entry->cut_memo->cut &&
         !entry->cut_memo->stopped_in.empty();
}

Result<> start_locked(app::Context& context, const ServiceConfig& service, const SetName& set,
                      SetTransaction& transaction, Outcome& outcome) {
  CDCTL_TRY(transaction.read());
  CDCTL_TRY_ASSIGN(const bool stopped, left_stopped(service, transaction));
  if (!stopped) return {};
  const bool noted = half_mended(transaction.entry());
  if (!noted) {
    CDCTL_TRY_ASSIGN(const bool cutting, LateCut::goes_on(context, set));
    if (cutting) {
      context.out.note(set.str() + ": it is being cut, so its units stay stopped");
      return {};
    }
  }
  CDCTL_TRY(transaction.mend_world(false));
  outcome.changed();
  if (!noted) return {};
  auto memo = *transaction.entry()->cut_memo;
  memo.stopped_in.clear();
  return transaction.close(memo);
}

}  // namespace

Result<bool> left_stopped(const ServiceConfig& service, SetTransaction& transaction) {
  const auto& entry = transaction.entry();
  if (half_mended(entry)) return true;
  const bool uncut = entry && entry->cut == false && !(entry->cut_memo && entry->cut_memo->cut);
  if (!uncut || !service.has_switch(service.engine)) return false;
  CDCTL_TRY_ASSIGN(const auto found, transaction.status());
  return found.world_cut == true;
}

Result<> start_stopped(app::Context& context, const ServiceConfig& service, const SetName& set,
                       SetTransaction& transaction, Outcome& outcome) {
  CDCTL_TRY_ASSIGN(const bool stopped, left_stopped(service, transaction));
  if (!stopped) return {};
  CDCTL_TRY(transaction.lock());
  auto done = start_locked(context, service, set, transaction, outcome);
  transaction.unlock();
  return done;
}

}  // namespace cdctl::actions
