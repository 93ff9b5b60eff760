#include "core/actions/repairs.hpp"

#include <algorithm>

#include "core/actions/stale_policy.hpp"

namespace cdctl::actions {

namespace {

Time serving_since(const fleet::SetView& set) {
  return std::max(set.deployed_at.value_or(Time()), set.mended_at.value_or(Time()));
}

/// The newest of them that has proven itself, or the one that has served longest: where everything
/// is down none of them is `proven` now.
std::vector<const fleet::SetView*>::iterator fallback(std::vector<const fleet::SetView*>& sets,
                                                      Millis prove_for, Time at) {
  const auto proven = std::ranges::find_if(
      sets, [&](const auto* set) { return at - serving_since(*set) >= prove_for; });
  return proven != sets.end() ? proven : std::ranges::min_element(sets, {}, [](const auto* set) {
    return serving_since(*set);
  });
}

}  // namespace

std::vector<const fleet::SetView*> fallen_sets(const fleet::ServiceView& view, Time at) {
  std::vector<Candidate> candidates;
  for (const auto& set : view.sets) candidates.push_back(candidate_from(set));
  const auto judgements = judge(candidates, view.config->reaper, at);
  std::vector<const fleet::SetView*> out;
  for (std::size_t i = 0; i < view.sets.size(); ++i)
    if (view.sets[i].fallen() && !judgements[i].stale) out.push_back(&view.sets[i]);
  if (!out.empty()) {
    const auto first = fallback(out, view.config->reaper.prove_for, at);
    std::rotate(out.begin(), first, first + 1);
  }
  return out;
}

}  // namespace cdctl::actions
