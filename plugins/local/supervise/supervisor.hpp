#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/lock.hpp>

#include "plugins/local/process_tracker.hpp"
#include "plugins/local/supervise/control.hpp"
#include "plugins/local/supervise/unit.hpp"
#include "plugins/local/supervise/unit_limits.hpp"

namespace cdctl::local {

/// Keeps the units of one set running, in the set's folder as current folder. One thread, one poll
/// loop; every command is answered when it is done. What it is told to do it does as well when a
/// `cdctl` that told it is killed meanwhile.
///
/// A unit that is told to end gets TERM, and so does each process that it has started, or its main
/// process alone where its way to stop says so (grace.hpp). Whoever of them is left when the stop
/// timeout of its process type is over gets KILL; a unit is not started again before all are gone.
/// What is frozen is killed: its work is somebody else's by now.
///
/// Commands: `status`; `freeze` (of a set that is being stopped: kill); `thaw`; `restart` (kill
/// what is frozen, start afresh); `restart some` (the same, one unit of each process type; a thaw
/// or restart starts the others); `scale` (the file `run` names other units); `stop GRACE_MS`
/// (TERM, grace, KILL, then the supervisor ends and answers); `end` and what grace_words() makes
/// (the same, answered when it has begun). Answers: `ok`, `error: …`, or the text of the status.
class Supervisor {
 public:
  Supervisor();
  /// Takes the set, starts its units. Where the file `frozen` is there they are held back until a
  /// thaw or restart. On an error nothing of the set is left running.
  [[nodiscard]] Result<> start();
  /// What the units go without, for whoever starts the set: limits that could not be put in force.
  [[nodiscard]] const std::string& warning() const { return warning_; }
  /// Works until it is stopped by a command or by SIGTERM. Returns the exit status.
  int work();
  /// Ends everything at once: whoever started us is gone.
  void give_up();

 private:
  [[nodiscard]] Result<> take_set();
  [[nodiscard]] Result<> make_tracker();
  [[nodiscard]] Result<> start_units();

  void handle(std::string_view command, Control::Answer answer);
  [[nodiscard]] Result<> freeze();
  [[nodiscard]] Result<> thaw(bool some = false);
  [[nodiscard]] Result<> restart(bool some);
  [[nodiscard]] Result<> start_the_idle(bool some = false);
  [[nodiscard]] Result<> scale();
  void dismiss(Unit& unit);
  void tell_to_end(Unit& unit, Millis grace);
  void enlist(Unit& unit);
  void begin_stop(const Grace& grace);
  void terminate(const Grace& grace);
  void follow_up(Steady at);
  [[nodiscard]] Grace at_most(Millis grace) const;
  void finish_stop();

  Unit& add_unit(const UnitPlan& plan);
  [[nodiscard]] Result<> begin(Unit& unit);
  void hear_keepers();
  void hand_over(Unit& unit);
  void end_at_once(Unit& unit);
  void look_after_keepers(Steady at);
  [[nodiscard]] bool left_out_on_trial(const Unit& unit) const;

  void read_signals();
  void reap();
  void bury(Unit& unit, int wait_status);
  [[nodiscard]] std::vector<ProcessInfo> left_of(const Unit& unit) const;
  void end_overdue(Steady at);
  /// Reaps until `done`; false at the deadline.
  bool reap_until(const std::function<bool()>& done, const Deadline& deadline);
  void tick();
  void start_due(Steady at);
  [[nodiscard]] int poll_timeout() const;
  [[nodiscard]] bool held_back() const;
  [[nodiscard]] bool any_running() const;
  void end_if_deserted(Steady at);
  [[nodiscard]] UnitSetting setting(const Unit& unit) const;
  void put_limits(const std::optional<std::filesystem::path>& parent);
  [[nodiscard]] Status status() const;
  bool write_status();

  std::optional<OfdLock> alive_;
  RunPlan plan_;
  std::optional<ProcessTracker> tracker_;
  Fd cgroup_entrance_, signals_;
  UnitLimits limits_;
  std::string warning_;
  Control control_;
  std::vector<Unit> units_;
  std::vector<Control::Answer> stop_answers_;
  std::optional<Steady> kill_at_;       ///< stopping: when the last grace ends
  Steady look_at_{};                    ///< when to look again for what units have left behind
  Steady look_for_deploy_{};            ///< when to look again whether there is still one
  std::optional<Time> until_;           ///< the same by the clock on the wall
  std::optional<Steady> retry_status_;  ///< the status could not be written (full disk)
  std::string last_status_;
  bool frozen_ = false;        ///< nothing is to be started
  bool stands_still_ = false;  ///< and nothing runs
  bool on_trial_ = false;      ///< one unit of each process was started, and the others wait
  bool lived_ = false, done_ = false;
  int exit_status_ = 0;
};

}  // namespace cdctl::local
