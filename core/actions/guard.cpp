#include "core/actions/guard.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "core/app/waiting.hpp"
#include "core/fleet/unconnected.hpp"

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

/// What the set's engine says of it, where that is the one of this home.
Result<std::optional<SetStatus>> status_of(app::Context& context, const fleet::SetView& set,
                                           const Deadline& deadline) {
  if (set.status && set.status->up) return set.status;
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(set.engine));
  if (set.home != engine->home()) return std::optional<SetStatus>();
  CDCTL_TRY_ASSIGN(auto status, engine->describe(set.name, deadline));
  return std::optional(std::move(status));
}

/// Whether a restart of the broker is no reason why nothing of the set is connected.
bool had_time_to_connect(app::Context& context, const fleet::ServiceView& view,
                         const fleet::SetView& set, const Deadline& deadline) {
  const auto brokers = context.broker_switches(*view.config);
  if (brokers.empty()) return true;
  const auto broker = context.switch_(brokers.front());
  if (!broker) return false;
  const auto since = (*broker)->up_since(set.name, deadline);
  if (!since || !*since) return false;
  return now() - **since >= fleet::k_settled || (set.deployed_at && *set.deployed_at > **since);
}

/// Whether a set of which nothing is connected may go although less than min_live is left. In doubt
/// it may not: it may be about to come back.
bool nothing_to_lose(app::Context& context, const fleet::ServiceView& view,
                     const fleet::SetView& set, std::int64_t left, Taking taking,
                     const Deadline& deadline) {
  const auto found = status_of(context, set, deadline);
  if (!found || !*found) return false;
  const auto& status = **found;
  const bool nothing_up = status.state == "absent" || status.up == 0;
  if (status.state == "deploying" || !nothing_up) return false;
  if (taking == Taking::by_evidence && status.lived.value_or(true)) return false;
  // The last hope of a service that is down: a deploy could repair it.
  if (taking == Taking::for_good && status.served && left == 0) return false;
  return had_time_to_connect(context, view, set, deadline);
}

}  // namespace

Result<Live> live_units_here(app::Context& context, const fleet::ServiceView& view,
                             const Deadline& deadline) {
  Live out;
  for (const auto& set : view.sets) {
    const bool noted = set.memory.cut_memo && set.memory.cut_memo->cut;
    if (!set.here() || set.state != "live" || set.cut.value_or(true) || noted) continue;
    if (set.status->world_cut.value_or(true)) continue;
    CDCTL_TRY_ASSIGN(out[set.name.str()], units_up(context, set, deadline));
  }
  return out;
}

namespace {

constexpr Millis k_statistics(12'000);  // until what a connection does is counted
constexpr Millis k_look_again(500), k_patience(6000);

/// What is live for certain, and what may be.
struct Counts {
  Live live, possible;
};

/// Who holds a connection, where it cannot be told what they do with it: a broker that keeps no
/// statistics, or a node that hangs.
Result<std::vector<AtWork>> connected(Switch& broker, const std::vector<Provisioned>& sets,
                                      const Deadline& deadline) {
  std::vector<SetName> names;
  for (const auto& set : sets) names.push_back(set.set);
  CDCTL_TRY_ASSIGN(const auto open, broker.connections(names, deadline));
  std::vector<AtWork> out;
  for (const auto count : open) out.push_back({false, count, count, 0});
  return out;
}

Result<Counts> count_at(app::Context& context, const std::string& broker,
                        const std::vector<Provisioned>& sets,
                        const std::vector<std::int64_t>& wanted, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const door, context.switch_(broker));
  auto work = door->at_work(sets, deadline.at_most(k_patience));
  // Who has had all the time that there was is late, and so is what else it would be asked.
  const bool late = !work && work.error().exit == ExitCode::timeout && deadline.left() < k_patience;
  if (!work && !late && !deadline.passed()) {
    auto open = connected(*door, sets, deadline);
    if (open)
      context.log(Level::warning, fmt::format("{}: units that are connected count as live: {}",
                                              sets.front().set.service, work.error().what));
    work = std::move(open);
  }
  if (!work) return std::unexpected(work.error());
  Counts out;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto& one = (*work)[i];
    // A unit may hold several connections: never count more units than the set has.
    const auto units = [&](std::int64_t connections) {
      return wanted[i] > 0 ? std::min(connections, wanted[i]) : connections;
    };
    const auto name = sets[i].set.str();
    out.live[name] = units(one.working);
    out.possible[name] = units(one.working + one.unsure);
  }
  return out;
}

}  // namespace

Result<Live> live_units(app::Context& context, const fleet::ServiceView& view,
                        const Deadline& deadline, const Enough& enough) {
  if (view.error)
    return fail(ExitCode::unknown, fmt::format("cannot count what is live: {}", view.error->what));
  const auto brokers = context.broker_switches(*view.config);
  Live out;
  std::vector<Provisioned> asked;
  std::vector<std::int64_t> wanted;
  for (const auto& set : view.sets) {
    if (set.state == "reaping" && (brokers.empty() || !set.memory.provisioned))
      continue;  // with a broker its limit tells
    if (!set.cut)
      return fail(ExitCode::unknown,
                  fmt::format("cannot count what is live: whether {} is cut could not be read",
                              set.name.str()));
    if (*set.cut) continue;
    if (!set.memory.set && !set.status) continue;  // a user that nobody owns, and nobody repairs
    if (set.memory.set && set.memory.set->releasing()) continue;  // its units are not started yet
    // Noted as cut and not yet kept out: a breaker is at it right now, or was killed there. In
    // doubt it does not count.
    if (set.memory.cut_memo && set.memory.cut_memo->cut) continue;
    if (brokers.empty()) {
      if (set.state != "live") continue;
      CDCTL_TRY_ASSIGN(out[set.name.str()], units_up(context, set, deadline));
    } else {
      asked.push_back(fleet::provisioned(*view.config, set.name, set.memory));
      wanted.push_back(set.memory.set ? set.memory.set->units : 0);
    }
  }
  if (asked.empty()) return out;
  for (const auto known_at = deadline.at_most(k_statistics);;) {
    CDCTL_TRY_ASSIGN(auto counts, count_at(context, brokers.front(), asked, wanted, deadline));
    const bool waits = enough && !enough(counts.live) && enough(counts.possible);
    // The broker is not late: it has nothing to tell yet. It is not asked in no time at all,
    // either, for that would look as if it were.
    if (waits && deadline.left() <= k_look_again)
      return fail(Error{ExitCode::timeout, "what the newest connections do is not counted yet",
                        false, Reason::held});
    if (!waits || known_at.passed() || !app::wait_between(k_look_again)) return counts.live;
  }
}

std::int64_t sum_of(const Live& live) {
  std::int64_t sum = 0;
  for (const auto& [name, units] : live) sum += units;
  return sum;
}

namespace {

std::int64_t units_of(const Live& live, const SetName& set) {
  const auto own = live.find(set.str());
  return own == live.end() ? 0 : own->second;
}

/// A percentage of nothing would be nothing: one unit at least.
std::int64_t needed_by(const ServiceConfig& service, std::int64_t before) {
  const auto& least = service.min_live;
  return std::max<std::int64_t>(least.needed(before), least.percent && least.amount > 0 ? 1 : 0);
}

Error too_few(const ServiceConfig& service, const SetName& set, std::int64_t left,
              std::int64_t taken) {
  const bool by_broker = std::ranges::any_of(
      service.switches, [&](const auto& name) { return name != service.engine; });
  return {ExitCode::refused,
          fmt::format("refused: it would leave {} with {} live unit{}{}, min_live is {}{}{}; "
                      "--even-last {} does it all the same",
                      service.name, left, left == 1 ? "" : "s",
                      by_broker ? " at work on the broker" : "", service.min_live.amount,
                      service.min_live.percent ? "%" : "",
                      taken > 0   ? ""
                      : by_broker ? ", and its own may be about to come back (workers that never "
                                    "connect: leave the broker out of its `switches`; that take no "
                                    "messages: `consumes = false` beside its queues)"
                                  : ", and its own may be about to come back",
                      set.str())};
}

}  // namespace

bool leaves_enough(const ServiceConfig& service, const SetName& set, const Live& live,
                   std::int64_t before) {
  return sum_of(live) - units_of(live, set) >= needed_by(service, before);
}

Result<> guard_min_live(app::Context& context, const fleet::ServiceView& view,
                        const fleet::SetView& set, const Live& live, Taking taking,
                        const Deadline& deadline, std::int64_t before) {
  const auto all = sum_of(live), own = units_of(live, set.name);
  if (leaves_enough(*view.config, set.name, live, std::max(all, before))) return {};
  if (own == 0 && nothing_to_lose(context, view, set, all, taking, deadline)) return {};
  return fail(too_few(*view.config, set.name, all - own, own));
}

Result<> guard_scale(const fleet::ServiceView& view, const SetName& set, const Live& live,
                     std::int64_t ended) {
  const auto all = sum_of(live), taken = std::min(units_of(live, set), ended);
  if (taken <= 0 || all - taken >= needed_by(*view.config, all)) return {};
  return fail(too_few(*view.config, set, all - taken, taken));
}

}  // namespace cdctl::actions
