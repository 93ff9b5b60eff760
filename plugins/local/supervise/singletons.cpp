// Units of which only one set of the service runs one: that part of the supervisor.

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/supervise/supervisor.hpp"

namespace cdctl::local {

namespace {
constexpr Millis k_hold(200);
}  // namespace

Unit& Supervisor::add_unit(const UnitPlan& plan) {
  auto& unit = units_.emplace_back(units_.size(), plan);
  if (const auto words = plan_.keepers.find(plan.process); words != plan_.keepers.end())
    unit.keeper.emplace(words->second);
  return unit;
}

/// Starts a unit, or has it wait for its turn.
Result<> Supervisor::begin(Unit& unit) {
  if (unit.out_of_turn()) {
    unit.set_state(UnitState::waiting);
    return {};
  }
  CDCTL_TRY(unit.spawn(setting(unit)));
  if (unit.keeper) unit.keeper->guard(unit.session());
  return {};
}

void Supervisor::hear_keepers() {
  for (auto& unit : units_) {
    if (!unit.keeper) continue;
    for (const auto said : unit.keeper->hear(unit.log)) {
      if (said == KeeperLine::Said::lost) end_at_once(unit);
      if (said == KeeperLine::Said::asked) hand_over(unit);
    }
  }
}

/// A newer set wants it: the unit ends as it does in a reap, and then the keeper may let go.
void Supervisor::hand_over(Unit& unit) {
  if (kill_at_ || frozen_ || unit.dismissed) return;  // it ends as it is
  unit.keeper->yielding = true;
  if (!unit.running()) return unit.set_state(UnitState::waiting);
  tell_to_end(unit, plan_.grace.of(unit.process()));
}

/// Its keeper has killed its process group already, where it could.
void Supervisor::end_at_once(Unit& unit) {
  if (!unit.running() && !unit.kill_at) {
    const bool wanted = !unit.dismissed && !kill_at_ && unit.status.state != UnitState::exited;
    if (wanted) unit.set_state(UnitState::waiting);
    return;
  }
  unit.signal_group(SIGKILL);
  const auto set = fmt::format("{}={}", k_set_variable, plan_.set);
  for (const auto& process : tracker_->members())
    if (unit.owns(process, set)) send_signal(process, SIGKILL);
  unit.spares_helpers = false;
  unit.second_at.reset();
  unit.kill_at = std::chrono::steady_clock::now();
  look_at_ = {};
}

/// Starts keepers and those whose turn it is; lets go of what nothing runs of any more.
void Supervisor::look_after_keepers(Steady at) {
  const auto set = fmt::format("{}={}", k_set_variable, plan_.set);
  for (auto& unit : units_) {
    if (!unit.keeper || unit.running()) continue;
    auto& keeper = *unit.keeper;
    if (kill_at_) {
      if (keeper.running() && std::ranges::none_of(tracker_->members(), [&](const auto& process) {
            return unit.owns(process, set);
          }))
        keeper.end();
      continue;
    }
    if (frozen_ || unit.kill_at) continue;
    if (unit.dismissed) {
      if (keeper.running()) keeper.end();
      continue;
    }
    if (keeper.yielding) keeper.free();
    if (unit.status.state != UnitState::waiting) continue;
    if (held_back()) {  // a cut has begun and is about to reach us
      keeper.next_start = at + k_hold;
      continue;
    }
    if (keeper.holds()) {
      if (auto spawned = begin(unit); !spawned) unit.could_not_start(spawned.error().what);
    } else if (!keeper.running() && at >= keeper.next_start) {
      keeper.drop();
      if (auto started = keeper.start(setting(unit)); !started) {
        unit.log.note(started.error().what);
        keeper.next_start = at + std::chrono::seconds(1);
      }
    }
  }
}

/// What only one set runs stays where it is while another is tried, unless there is nothing else to
/// try.
bool Supervisor::left_out_on_trial(const Unit& unit) const {
  return unit.keeper && std::ranges::any_of(units_, [](const Unit& other) {
           return !other.keeper && !other.dismissed;
         });
}

}  // namespace cdctl::local
