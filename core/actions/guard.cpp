#include "core/actions/guard.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

namespace cdctl::actions {

namespace {

/// A list may leave the units out where each set would have to be asked for its own.
Result<std::int64_t> units_up(app::Context& context, const fleet::SetView& set,
                              const Deadline& deadline) {
  if (set.status && set.status->up) return *set.status->up;
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(set.engine));
  const auto status = engine->describe(set.name, deadline);
  if (!status)
    return fail(ExitCode::unknown,
                fmt::format("cannot count what is live: {}", status.error().what));
  if (status->state != "live") return 0;
  if (!status->up)
    return fail(ExitCode::unknown,
                fmt::format("cannot count what is live: the units of {} could not be read",
                            set.name.str()));
  return *status->up;
}

}  // namespace

Result<std::map<std::string, std::int64_t>> live_units(app::Context& context,
                                                       const fleet::ServiceView& view,
                                                       const Deadline& deadline) {
  if (view.error)
    return fail(ExitCode::unknown, fmt::format("cannot count what is live: {}", view.error->what));
  const auto brokers = context.broker_switches(*view.config);
  std::map<std::string, std::int64_t> out;
  std::vector<SetName> asked;
  std::vector<std::int64_t> wanted;
  for (const auto& set : view.sets) {
    if (set.state == "reaping" && (brokers.empty() || !set.memory.provisioned))
      continue;  // with a broker its limit tells
    if (!set.cut)
      return fail(ExitCode::unknown,
                  fmt::format("cannot count what is live: whether {} is cut could not be read",
                              set.name.str()));
    if (*set.cut) continue;
    // Noted as cut and not yet kept out: a breaker is at it right now, or was killed there. In
    // doubt it does not count.
    if (set.memory.cut_memo && set.memory.cut_memo->cut) continue;
    if (brokers.empty()) {
      if (set.state != "live") continue;
      CDCTL_TRY_ASSIGN(out[set.name.str()], units_up(context, set, deadline));
    } else {
      asked.push_back(set.name);
      wanted.push_back(set.memory.set ? set.memory.set->units : 0);
    }
  }
  if (asked.empty()) return out;
  CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(brokers.front()));
  CDCTL_TRY_ASSIGN(const auto connections, broker->connections(asked, deadline));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    // A unit may hold several connections: never count more units than the set has.
    out[asked[i].str()] = wanted[i] > 0 ? std::min(connections[i], wanted[i]) : connections[i];
  }
  return out;
}

std::int64_t sum_of(const std::map<std::string, std::int64_t>& live) {
  std::int64_t sum = 0;
  for (const auto& [name, units] : live) sum += units;
  return sum;
}

Result<> guard_min_live(const ServiceConfig& service, const SetName& set,
                        const std::map<std::string, std::int64_t>& live,
                        std::optional<std::int64_t> before) {
  const auto own = live.find(set.str());
  const auto after = sum_of(live) - (own == live.end() ? 0 : own->second);
  const auto needed = service.min_live.needed(before.value_or(sum_of(live)));
  if (after >= needed) return {};
  const bool by_broker = std::ranges::any_of(
      service.switches, [&](const auto& name) { return name != service.engine; });
  return fail(ExitCode::refused,
              fmt::format("refused: it would leave {} with {} live unit{}{}, min_live is {}{}; "
                          "--even-last {} does it all the same",
                          service.name, after, after == 1 ? "" : "s",
                          by_broker ? " that hold a connection to the broker" : "",
                          service.min_live.amount, service.min_live.percent ? "%" : "", set.str()));
}

}  // namespace cdctl::actions
