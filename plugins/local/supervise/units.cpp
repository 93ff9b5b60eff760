// What units are started with, and another number of them: that part of the supervisor.

#include <csignal>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/paths.hpp"
#include "plugins/local/supervise/supervisor.hpp"

namespace cdctl::local {

/// A set without its limits is better than none: whoever starts it is told.
void Supervisor::put_limits(const std::optional<std::filesystem::path>& parent) {
  if (plan_.limits.empty()) return;
  const auto& own = tracker_->record().cgroup;
  const auto done = own.empty() || !parent
                        ? Result<>(fail("there is no cgroup that we may write to"))
                        : limits_.begin(*parent, Cgroup(own), plan_.limits);
  if (!done) warning_ = "its limits of memory and cpu are not in force: " + done.error().what;
}

UnitSetting Supervisor::setting(const Unit& unit) const {
  UnitSetting out{plan_.directory, plan_.env,
                  cgroup_entrance_.valid() ? cgroup_entrance_.get() : -1};
  if (limits_.in_force()) {
    // Where it has none after all the kernel lets nobody into that of the set: it does not start,
    // and is tried again
    if (auto entrance = limits_.entrance(unit.index(), unit.process())) {
      out.own_entrance = std::move(*entrance);
      out.cgroup_entrance = out.own_entrance.get();
    }
  }
  out.env[k_set_variable] = plan_.set;
  out.env[k_home_variable] = plan_.home_id;
  return out;
}

/// Goes by what the file `run` says now. Said again, it changes nothing.
Result<> Supervisor::scale() {
  CDCTL_TRY_ASSIGN(const auto text, read_file(k_run));
  auto plan = parse_run_plan(text);
  if (!plan || plan->units.size() < units_.size())
    return fail("the file run is damaged; deploy the set again");
  plan_.units = std::move(plan->units);
  for (std::size_t i = 0; i < plan_.units.size(); ++i) {
    const bool fresh = i == units_.size();
    if (fresh) add_unit(plan_.units[i]);
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
  tell_to_end(unit, grace);
}

/// As the way to stop of its process type says.
void Supervisor::tell_to_end(Unit& unit, Millis grace) {
  unit.kill_at = std::chrono::steady_clock::now() + grace;
  if (const auto way = plan_.grace.way_of(unit.process()); !frozen_) {
    unit.second = way.again;
    if (way.again != 0) unit.second_at = std::chrono::steady_clock::now() + way.after;
    look_at_ = {};
    if (way.main_only) return unit.tell_main();
  }
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
  if (on_trial_ && !frozen_ && !unit.kill_at)
    return unit.set_state(UnitState::exited);  // a mend starts it
  unit.set_state(frozen_ ? UnitState::frozen : UnitState::backoff);
  unit.next_start = std::chrono::steady_clock::now();
  if (frozen_ || held_back() || unit.kill_at) return;
  if (auto spawned = begin(unit); !spawned) unit.could_not_start(spawned.error().what);
}

}  // namespace cdctl::local
