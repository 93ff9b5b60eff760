// Another number of units: the part of the supervisor that goes by it.

#include <csignal>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/supervise/supervisor.hpp"

namespace cdctl::local {

/// Goes by what the file `run` says now. Said again, it changes nothing.
Result<> Supervisor::scale() {
  CDCTL_TRY_ASSIGN(const auto text, read_file(k_run));
  auto plan = parse_run_plan(text);
  if (!plan || plan->units.size() < units_.size())
    return fail("the file run is damaged; deploy the set again");
  plan_.units = std::move(plan->units);
  for (std::size_t i = 0; i < plan_.units.size(); ++i) {
    const bool fresh = i == units_.size();
    if (fresh) units_.emplace_back(i, plan_.units[i]);
    auto& unit = units_[i];
    if (plan_.units[i].vacant)
      dismiss(unit);
    else if (fresh || unit.dismissed)
      enlist(unit);
  }
  return {};
}

/// Tells a unit to end for good. What stands still is killed: its work is somebody else's by now.
void Supervisor::dismiss(Unit& unit) {
  if (unit.dismissed) return;
  unit.dismissed = true;
  if (!unit.running()) return unit.set_state(UnitState::vacant);
  unit.set_state(UnitState::leaving);
  const auto grace = frozen_ ? Millis(0) : plan_.grace.of(unit.process());
  unit.log.note(fmt::format("scaled away; gets {} to end", to_duration(grace)));
  unit.kill_at = std::chrono::steady_clock::now() + grace;
  unit.signal_group(frozen_ ? SIGKILL : SIGTERM);
  for (const auto& process : left_of(unit))  // its own group has heard it
    if (frozen_ || process.group != unit.session())
      send_signal(process, frozen_ ? SIGKILL : SIGTERM);
  look_at_ = {};
}

/// Starts a unit that is wanted from now on, or notes that it is to be started: by whoever mends
/// the set, or once nothing is left of the one that had its number before.
void Supervisor::enlist(Unit& unit) {
  unit.dismissed = false;
  if (unit.running()) return;  // it has been told to end: then it is started again
  unit.set_state(frozen_ ? UnitState::frozen : UnitState::backoff);
  unit.next_start = std::chrono::steady_clock::now();
  if (frozen_ || held_back() || unit.kill_at) return;
  if (auto spawned = unit.spawn(setting()); !spawned) unit.could_not_start(spawned.error().what);
}

}  // namespace cdctl::local
