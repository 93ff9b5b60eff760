#include "core/fleet/offers.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cdctl::fleet {

std::vector<Known> history(const ServiceView& view) {
  std::vector<Known> out;
  const auto add = [&](const SetMemo& memo, bool cut, bool there) {
    out.push_back({memo.name, memo.deployed_at, memo.first_deployed_at.value_or(memo.deployed_at),
                   &memo.sources, cut, there});
  };
  const auto noted = [](const MemoryEntry& entry) { return entry.cut_memo && entry.cut_memo->cut; };
  for (const auto& set : view.sets) {
    const bool cut = set.cut.value_or(true) || noted(set.memory);
    if (set.memory.set)
      add(*set.memory.set, cut, true);
    else if (set.status && set.deployed_at)
      out.push_back(
          {set.name, *set.deployed_at, *set.deployed_at, &set.status->sources, cut, true});
  }
  for (const auto& [name, entry] : view.gone)
    if (entry.set) add(*entry.set, noted(entry), false);
  std::ranges::stable_sort(out, std::ranges::greater(), &Known::deployed_at);
  return out;
}

namespace {

/// Whether a source is back at a revision that an earlier set had and a later one left. What counts
/// is when a revision came first: after a return to an old set by hand, what was the newest before
/// is still the newer one. The implied source `service` is its owner's own edit and may go back.
bool goes_back(const std::vector<Known>& known, const Sources& sources) {
  for (const auto& [name, state] : sources) {
    if (name == "service" || known.empty()) continue;
    std::map<std::string, Time> first_seen;
    for (const auto& one : known) {
      const auto at = one.sources->find(name);
      if (at == one.sources->end()) continue;
      const auto [slot, added] = first_seen.emplace(at->second.revision, one.first);
      if (!added) slot->second = std::min(slot->second, one.first);
    }
    const auto last = known.front().sources->find(name);
    const auto seen = first_seen.find(state.revision);
    if (seen == first_seen.end() ||
        (last != known.front().sources->end() && last->second.revision == state.revision))
      continue;
    if (std::ranges::any_of(first_seen,
                            [&](const auto& other) { return other.second > seen->second; }))
      return true;
  }
  return false;
}

std::string what_is_newer(const std::vector<Known>& known, const Sources& sources) {
  if (known.empty()) return "first";
  std::string out;
  for (const auto& [name, state] : sources) {
    const auto at = known.front().sources->find(name);
    if (at != known.front().sources->end() && at->second.revision == state.revision) continue;
    out += (out.empty() ? "" : ",") + name + "-newer";
  }
  if (known.front().sources->size() > sources.size() && out.empty()) out = "source-removed";
  return out.empty() ? "newer" : out;
}

Offer decide_on_set(const SetView& set, const OfferOptions& options, Time at) {
  if (set.given_up())
    return {"leftover", fmt::format("it was reaped while its home was given up; cdctl reap {} "
                                    "removes what is left of it here",
                                    set.name.str())};
  if (set.out_there()) return {"out-there", "it is out there"};
  Offer out{set.locked_out           ? "locked-out"
            : !set.rights.empty()    ? "rights"
            : set.left_stopped()     ? "stopped"
            : set.state == "partial" ? "unfinished"
                                     : "down",
            ""};
  if (set.memory.cut_memo && set.memory.cut_memo->cut)
    return {out.why, fmt::format("a cut of it was begun by {}; cdctl break {} finishes it, cdctl "
                                 "mend takes it back",
                                 set.memory.cut_memo->by, set.name.str())};
  if (set.unfinished_cut) return {out.why, set.unfinished_cut->text(set.name)};
  if (set.status && set.status->retry_at && *set.status->retry_at > at && !options.now)
    out.held = fmt::format("{} attempt{} failed; the next is due in {}, or now with --now",
                           set.status->attempts, set.status->attempts == 1 ? "" : "s",
                           to_age(*set.status->retry_at - at));
  return out;
}

Offer decide(const ServiceView& view, const SetName& name, const Sources& sources,
             const OfferOptions& options, Time at) {
  if (const auto hold = view.set_holds.find(name.str()); hold != view.set_holds.end())
    return {"held-out", fmt::format("it is held out {}; cdctl resume {} lifts that",
                                    held_text(hold->second), view.config->name)};
  if (const auto* set = view.set(name)) return decide_on_set(*set, options, at);
  const auto gone = view.gone.find(name.str());
  if (gone != view.gone.end() && gone->second.cut_memo && gone->second.cut_memo->cut) {
    const auto& memo = *gone->second.cut_memo;
    return {"known-bad",
            options.even_bad
                ? ""
                : fmt::format("it is known to be bad (cut {} ago by {}: {}); --even-bad offers it",
                              to_age(at - memo.at), memo.by, memo.why)};
  }
  const auto known = history(view);
  if (goes_back(known, sources))
    return {"backwards", options.allow_back
                             ? ""
                             : "a source went back to an older revision; --allow-back offers it"};
  return {what_is_newer(known, sources), ""};
}

/// Sets that take up room: cut ones are on their way out.
std::int64_t sets_of(const ServiceView& view) {
  return std::ranges::count_if(view.sets,
                               [](const SetView& set) { return !set.cut.value_or(false); });
}

/// What speaks against more of a service, whatever is newer: its freeze, and for a set that is not
/// there yet how many there are. Nobody has decided that a set is down: what has fallen comes back
/// in a freeze, too.
Offer restrain(const ServiceView& view, bool fallen, Offer offer) {
  if (!offer.held.empty()) return offer;
  if (view.hold && !(fallen && !view.hold->retiring))
    return {"held", fmt::format("deploys are held {}; cdctl resume {} lifts that",
                                held_text(*view.hold), view.config->name)};
  const bool repair = fallen || offer.why == "unfinished";
  const auto count = sets_of(view);
  if (repair || view.config->max_sets == 0 || count < view.config->max_sets) return offer;
  return {
      "max-sets",
      fmt::format(
          "there are {} sets, max_sets is {}; make room: cdctl ls {} | cdctl stale | cdctl reap",
          count, view.config->max_sets, view.config->name)};
}

}  // namespace

Offer decide_offer(const ServiceView& view, const SetName& name, const Sources& sources,
                   const OfferOptions& options, Time at) {
  const auto* set = view.set(name);
  return restrain(view, set && set->fallen(), decide(view, name, sources, options, at));
}

}  // namespace cdctl::fleet
