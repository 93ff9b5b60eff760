#include "core/fleet/set_view.hpp"

#include <algorithm>

#include "core/fleet/masked.hpp"

namespace cdctl::fleet {

bool SetView::half_mended() const {
  return here() && memory.cut_memo && !memory.cut_memo->stopped_in.empty() && !cut.value_or(true);
}

bool SetView::left_stopped() const {
  if (half_mended()) return true;
  const bool settled = state != "deploying" && state != "reaping";
  return here() && settled && status->world_cut == true && !cut.value_or(true) &&
         !(memory.cut_memo && memory.cut_memo->cut) && service &&
         service->has_switch(service->engine);
}

bool SetView::out_there() const {
  if (!here() && !ghost) return true;  // in another home: its own cron repairs it
  if ((locked_out || !rights.empty() || left_stopped()) && !cut.value_or(false)) return false;
  return state == "deploying" || state == "live" || state == "reaping" || cut.value_or(false);
}

bool SetView::fallen() const {
  if (cut.value_or(true) || (memory.cut_memo && memory.cut_memo->cut)) return false;
  if (unfinished_cut) return false;
  if (!status && !memory.set) return false;  // nobody knows what it was made from
  if (foreign) return false;
  if (ghost || locked_out || left_stopped()) return true;
  if (here() && !rights.empty()) return true;
  // One that was brought back before, and whose deploy was killed, is no less fallen.
  return status && (state == "down" || (state == "partial" && status->served));
}

std::optional<std::int64_t> SetView::workers_wanted() const {
  if (!status) return memory.set ? std::optional(memory.set->units) : std::nullopt;
  auto out = status->want;
  if (!out || !service) return out;
  std::int64_t singletons = 0, all = 0;
  const auto names = service->singletons();
  for (const auto& [process, units] : status->processes) {
    all += units;
    if (names.contains(process)) singletons += units;
  }
  const auto waiting = all - *out;  // in the processes alone
  *out -= std::clamp<std::int64_t>(singletons - waiting, 0, *out);
  return out;
}

std::optional<bool> SetView::told_cut() const {
  if (foreign) return std::nullopt;
  if (!cut && status && status->world_cut == true) return true;
  return cut;
}

records::Set SetView::record() const {
  records::Set out;
  records::name_set(out, name);
  out.engine = engine;
  out.home = home;
  out.deployed_at = deployed_at;
  out.foreign = foreign;
  if (foreign) {
    if (status) out.sources = status->sources;
    out.time = now();
    return out;
  }
  out.state = state;
  out.cut = cut;
  out.newest = newest;
  out.proven = proven;
  out.ghost = ghost;
  out.locked_out = locked_out;
  out.rights = rights;
  if (idle != "") out.idle.emplace(idle);
  out.owner = owner;
  if (leftover) out.leftover = leftover->state;
  out.mended_at = mended_at;
  if (cut.value_or(false) && memory.cut_memo) {
    out.cut_at = memory.cut_memo->at;
    out.cut_by = memory.cut_memo->by;
    out.cut_why = memory.cut_memo->why;
    if (const auto& trial = memory.cut_memo->probation) {
      out.trial_until = trial->until;
      out.trial_by = trial->by;
    }
  }
  if (const auto& force = memory.force) {
    out.forced = to_string(force->state);
    out.forced_on = force->target;
    out.forced_by = force->by;
    out.forced_why = force->why;
  }
  if (memory.cut_memo && !cut.value_or(true)) out.stopped_in = memory.cut_memo->stopped_in;
  if (out.stopped_in.empty() && left_stopped()) out.stopped_in = home;
  out.held = hold;
  out.held_out = held_out;
  out.first_deployed_at = first_deployed_at;
  out.outage = outage;
  if (status) {
    out.units = {status->want, status->up};
    if (!status->processes.empty()) {
      out.processes = Json::object();
      for (const auto& [process, units] : status->processes) out.processes.set(process, units);
    }
    out.why_down = masked(status->why_down);
    out.served = status->served;
  }
  if (status && !status->sources.empty())
    out.sources = status->sources;
  else if (memory.set)
    out.sources = memory.set->sources;
  out.time = now();
  return out;
}

const SetView* ServiceView::set(const SetName& wanted) const {
  for (const auto& set : sets)
    if (set.name == wanted) return &set;
  return nullptr;
}

}  // namespace cdctl::fleet
