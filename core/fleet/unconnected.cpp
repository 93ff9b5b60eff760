#include "core/fleet/unconnected.hpp"

#include <algorithm>

namespace cdctl::fleet {

bool had_time(const SetView& set, Time since) {
  const auto begun =
      std::max({since, set.deployed_at.value_or(Time()), set.mended_at.value_or(Time())});
  return now() - begun >= k_settled;
}

Result<std::vector<const SetView*>> unconnected_sets(app::Context& context, const ServiceView& view,
                                                     const Deadline& deadline) {
  std::vector<const SetView*> sets;
  std::vector<SetName> names;
  for (const auto& set : view.sets) {
    const bool works = set.here() && set.state == "live" && set.cut == false && !set.locked_out &&
                       !set.left_stopped() && set.status->up.value_or(1) > 0;
    if (!works) continue;
    sets.push_back(&set);
    names.push_back(set.name);
  }
  const auto brokers = context.broker_switches(*view.config);
  if (sets.empty() || brokers.empty()) return std::vector<const SetView*>();
  CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(brokers.front()));
  CDCTL_TRY_ASSIGN(const auto since, broker->up_since(names.front(), deadline));
  CDCTL_TRY_ASSIGN(const auto open, broker->connections(names, deadline));
  std::vector<const SetView*> out;
  for (std::size_t i = 0; i < sets.size(); ++i)
    if (open[i] == 0 && had_time(*sets[i], since.value_or(Time()))) out.push_back(sets[i]);
  return out;
}

}  // namespace cdctl::fleet
