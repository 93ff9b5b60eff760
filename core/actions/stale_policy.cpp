#include "core/actions/stale_policy.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace cdctl::actions {

Candidate candidate_from(const Json& record) {
  auto set = records::decode<records::Set>(record);
  return {std::move(set.set),
          std::move(set.state),
          set.cut,
          set.served,
          set.deployed_at,
          set.mended_at,
          set.cut_at,
          set.units.has_value(),
          set.foreign,
          set.ghost,
          set.locked_out || !set.stopped_in.empty() || set.idle.has_value(),
          set.held_out,
          set.first_deployed_at};
}

Candidate candidate_from(const fleet::SetView& set) {
  std::optional<Time> cut_at;
  if (set.memory.cut_memo && set.memory.cut_memo->cut) cut_at = set.memory.cut_memo->at;
  return {set.name.str(),
          set.state,
          set.cut,
          set.status ? std::optional(set.status->served) : std::nullopt,
          set.deployed_at,
          set.mended_at,
          cut_at,
          set.here(),
          set.foreign,
          set.ghost,
          set.locked_out || set.left_stopped() || set.idle != "",
          set.held_out,
          set.first_deployed_at};
}

records::Policy policy_record(const ReaperPolicy& policy) {
  const auto seconds = [](Millis time) { return static_cast<double>(time.count()) / 1000; };
  return {policy.keep, seconds(policy.min_age), seconds(policy.prove_for),
          seconds(policy.cut_grace), seconds(policy.failed_grace)};
}

Result<ReaperPolicy> policy_of(const records::Policy& record) {
  const auto usable = [](const std::optional<double>& seconds) {
    return seconds && *seconds >= 0 && *seconds <= 3e9;
  };
  if (!record.keep || *record.keep < 0 || !usable(record.min_age_s) ||
      !usable(record.prove_for_s) || !usable(record.cut_grace_s) || !usable(record.failed_grace_s))
    return fail("the mark holds no usable policy");
  const auto millis = [](const std::optional<double>& seconds) {
    return Millis(static_cast<std::int64_t>(*seconds * 1000));
  };
  ReaperPolicy out;
  out.keep = *record.keep;
  out.min_age = millis(record.min_age_s);
  out.prove_for = millis(record.prove_for_s);
  out.cut_grace = millis(record.cut_grace_s);
  out.failed_grace = millis(record.failed_grace_s);
  return out;
}

namespace {

bool live(const Candidate& set) { return set.state == "live" && set.cut == false && !set.stalled; }

/// What the service would have without older ones.
bool counts(const Candidate& set) { return live(set) && !set.held_out; }

Time serving_since(const Candidate& set) {
  return std::max(set.deployed_at.value_or(Time()), set.mended_at.value_or(Time()));
}

std::string old_enough(Millis age, Millis least) {
  return age >= least ? "" : fmt::format("younger than {}", to_duration(least));
}

/// Indexes, newest first.
std::vector<std::size_t> by_age(const std::vector<Candidate>& sets) {
  std::vector<std::size_t> order(sets.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(sets[a].deployed_at.value_or(Time()), sets[a].set) >
           std::pair(sets[b].deployed_at.value_or(Time()), sets[b].set);
  });
  return order;
}

Judgement judge_one(const Candidate& set, const ReaperPolicy& policy, Time at,
                    std::int64_t newer_live) {
  if (set.foreign) return {false, "foreign: its service is not configured here"};
  if (set.ghost)
    return {false,
            "its home has lost it: cdctl deploy puts it out again, cdctl reap with its name "
            "removes what is left"};
  if (!set.here) return {false, "it lives in another home, or its engine could not be asked"};
  if (set.state.empty() || !set.cut || !set.deployed_at)
    return {false, "its state could not be read"};
  if (set.state == "deploying") return {false, "it is being deployed"};
  if (set.state == "reaping") return {true, "its reaping did not finish"};
  const auto age = at - *set.deployed_at;
  if (*set.cut) {
    if (auto young = old_enough(at - set.cut_at.value_or(*set.deployed_at), policy.cut_grace);
        !young.empty())
      return {false, "cut, kept for an autopsy: " + young};
    return {true, "cut and not the newest"};
  }
  if (!set.served.value_or(true)) {
    if (auto young = old_enough(age, policy.failed_grace); !young.empty())
      return {false, "it never served: " + young};
    return {true, "it never served"};
  }
  if (auto young = old_enough(age, policy.min_age); !young.empty()) return {false, young};
  if (newer_live < policy.keep)
    return {false, live(set) ? fmt::format("one of the {} newest live sets", policy.keep)
                             : fmt::format("fewer than {} newer live sets", policy.keep)};
  return {true, fmt::format("{} newer live set{}, keep {}", newer_live, newer_live == 1 ? "" : "s",
                            policy.keep)};
}

}  // namespace

namespace {

/// The revision that came last, in an order of age. Once it is gone it would be offered again,
/// whatever was made again since; a cut one is known to be bad then.
std::optional<std::size_t> newest_revision(const std::vector<Candidate>& sets,
                                           const std::vector<std::size_t>& order) {
  const auto first = [&](std::size_t i) {
    return sets[i].first_at.value_or(sets[i].deployed_at.value_or(Time()));
  };
  const auto last = std::ranges::max_element(order, {}, first);
  if (last == order.end() || sets[*last].cut != false) return {};
  return *last;
}

}  // namespace

std::vector<Judgement> judge(const std::vector<Candidate>& sets, const ReaperPolicy& policy,
                             Time at) {
  std::vector<Judgement> out(sets.size());
  const auto order = by_age(sets);
  std::int64_t newer_live = 0;
  bool fallback_found = false;
  const auto head = newest_revision(sets, order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& set = sets[order[i]];
    auto& judgement = out[order[i]];
    judgement = judge_one(set, policy, at, newer_live);
    const bool proven = counts(set) && at - serving_since(set) >= policy.prove_for;
    const bool begun = set.foreign || set.state == "reaping";  // by a person's word
    if (i == 0 && !begun)
      judgement = {false, "the newest set: without it, its revision would be offered again"};
    else if (head == order[i] && judgement.stale && !begun)
      judgement = {false, "the newest revision: without it, it would be offered again"};
    else if (proven && !fallback_found && judgement.stale)
      judgement = {false, "the fallback: the newest proven set"};
    fallback_found = fallback_found || proven;
    if (counts(set)) ++newer_live;
  }
  return out;
}

}  // namespace cdctl::actions
