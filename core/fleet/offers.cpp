#include "core/fleet/offers.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cdctl::fleet {

namespace {

/// A combination of sources that was deployed once: an existing set or a tombstone.
struct Known {
  Time deployed_at;  ///< the last time
  Time first;        ///< the first time: a revision that came back by hand is not new
  const Sources* sources;
};

/// All of them, the one deployed last first.
std::vector<Known> history(const ServiceView& view) {
  std::vector<Known> out;
  const auto add = [&](const SetMemo& memo) {
    out.push_back(
        {memo.deployed_at, memo.first_deployed_at.value_or(memo.deployed_at), &memo.sources});
  };
  for (const auto& set : view.sets) {
    if (set.memory.set)
      add(*set.memory.set);
    else if (set.status && set.deployed_at)
      out.push_back({*set.deployed_at, *set.deployed_at, &set.status->sources});
  }
  for (const auto& [name, entry] : view.gone)
    if (entry.set) add(*entry.set);
  std::ranges::stable_sort(out, std::ranges::greater(), &Known::deployed_at);
  return out;
}

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

Offer decide(const ServiceView& view, const SetName& name, const Sources& sources,
             const OfferOptions& options, Time at) {
  if (const auto* set = view.set(name)) {
    if (set->out_there()) return {"out-there", "it is out there"};
    Offer out{set->locked_out           ? "locked-out"
              : set->half_mended()      ? "stopped"
              : set->state == "partial" ? "unfinished"
                                        : "down",
              ""};
    if (set->status && set->status->retry_at && *set->status->retry_at > at && !options.now)
      out.held = fmt::format("{} attempt{} failed; the next is due in {}, or now with --now",
                             set->status->attempts, set->status->attempts == 1 ? "" : "s",
                             to_age(*set->status->retry_at - at));
    return out;
  }
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
/// there yet how many there are.
Offer restrain(const ServiceView& view, Offer offer) {
  if (!offer.held.empty()) return offer;
  if (view.hold)
    return {"held", fmt::format("deploys are held {}; cdctl resume {} lifts that",
                                held_text(*view.hold), view.config->name)};
  const bool repair = offer.why == "unfinished" || offer.why == "down" ||
                      offer.why == "locked-out" || offer.why == "stopped";
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
  return restrain(view, decide(view, name, sources, options, at));
}

}  // namespace cdctl::fleet
