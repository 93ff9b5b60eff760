#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/fs.hpp>
#include <cdctl/release.hpp>

#include "plugins/local/run_plan.hpp"
#include "plugins/local/status.hpp"
#include "plugins/local/supervise/keeper_line.hpp"
#include "plugins/local/supervise/log_file.hpp"

namespace cdctl::local {

using Steady = std::chrono::steady_clock::time_point;

/// What is the same for every unit of a set.
struct UnitSetting {
  std::string directory;
  std::map<std::string, std::string> env;
  int cgroup_entrance = -1;  ///< cgroup.procs of its cgroup, or -1
  Fd own_entrance = {};      ///< the same, where the unit has a cgroup of its own
};

/// One worker process and what became of it. Started again and again by the supervisor, but for the
/// one of the process type `release`.
///
/// The command goes to `/bin/sh -c` as it stands. A shell that is given one simple command becomes
/// that command, so that signals reach it; what a compound command starts shares the unit's process
/// group, and gets them too. The unit has a session of its own, stays in the foreground, and is
/// killed by the kernel should its supervisor be.
class Unit {
 public:
  Unit(std::size_t index, UnitPlan plan);

  /// Starts the command. Fails where the working directory, the cgroup or the shell cannot be
  /// entered.
  [[nodiscard]] Result<> spawn(const UnitSetting& setting);
  /// The process has ended: notes why, and when it is to start again; `again`: whether it is.
  /// `cause`: what the kernel says of it, if anything.
  void ended(int wait_status, bool again, const std::string& cause = {});
  /// It could not even be started: counts as an end.
  void could_not_start(const std::string& why);
  /// A signal to its process group; only while `running()`.
  void signal_group(int signal) const;
  /// TERM to its main processes, and to nobody else; only while `running()`.
  void tell_main();
  /// Those of them that still run.
  [[nodiscard]] std::vector<ProcessId> main_left() const;
  /// Whether the process is of this unit, `set` being the line of its environment that names the
  /// set: of its session, or started by it and gone into one of its own.
  [[nodiscard]] bool owns(const ProcessInfo& process, std::string_view set) const;
  /// Its number as session and process group: of the process that runs, or of the last one.
  [[nodiscard]] pid_t session() const { return session_; }
  [[nodiscard]] const std::string& process() const { return plan_.process; }
  [[nodiscard]] std::size_t index() const { return index_; }
  /// Moves what it wrote to its log.
  void drain_output();

  [[nodiscard]] bool running() const { return status.id.pid > 0; }
  /// Whether it is to be started: what runs once is not started again, however it ended.
  [[nodiscard]] bool startable() const { return plan_.process != k_release || session_ == 0; }
  [[nodiscard]] int output() const { return read_end_.get(); }
  void set_state(UnitState state);

  UnitStatus status;
  Steady started{};     ///< of the process that runs
  Steady next_start{};  ///< in back-off: when it is due
  /// Told to end: when what is left of it is killed. Nothing is started before that is gone.
  std::optional<Steady> kill_at;
  bool dismissed = false;      ///< scaled away: it is not started again
  std::int64_t oom_kills = 0;  ///< that were counted in its cgroup up to now
  /// Told to end by its main process alone, which is still there.
  bool spares_helpers = false;
  int second = 0;                    ///< the second signal
  std::optional<Steady> second_at;   ///< when it is due
  std::optional<KeeperLine> keeper;  ///< where only one set of the service runs one
  LogFile log;

  /// Whether it is another set's turn to run it.
  [[nodiscard]] bool out_of_turn() const {
    return keeper && (!keeper->holds() || keeper->yielding);
  }

 private:
  void plan_restart(std::chrono::milliseconds lived);
  std::size_t index_;
  std::string name_;
  UnitPlan plan_;
  pid_t session_ = 0;
  std::vector<ProcessId> told_;  ///< by tell_main()
  Fd read_end_, write_end_;      ///< one pipe for both streams, kept over restarts
  std::chrono::milliseconds backoff_{0};
};

}  // namespace cdctl::local
