#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/grace.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/release.hpp>
#include <cdctl/roles/step.hpp>
#include <cdctl/roles/unit_log.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/singleton.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>
#include <cdctl/unit_limit.hpp>

namespace cdctl {

/// Units by process type.
using UnitCounts = std::map<std::string, std::int64_t>;

/// What an engine knows of one set.
struct SetStatus {
  SetName name;
  std::string engine, home;
  std::string state;                     ///< deploying, live, partial, down, reaping
  std::optional<std::int64_t> want, up;  ///< units; empty = could not be read
  std::optional<Time> deployed_at;
  Sources sources;
  bool served = false;            ///< it was live at least once
  std::optional<bool> world_cut;  ///< cut from the world by this engine
  std::int64_t attempts = 0;      ///< deploys of this set that did not lead to a live one, in a row
  std::optional<Time> retry_at;   ///< back-off: not to be offered again before
  std::string why_down;           ///< of a unit that is not up: its last end, and what it said last
  std::optional<bool>
      lived;  ///< a unit was up for ten minutes on end, so this is no crash loop; empty = not known
  Json detail = Json::object();  ///< units with pid, restarts, last log lines: only from describe()
  /// The names that this home had when the set was made, and deployed again; empty = as `home`.
  std::vector<std::string> homes = {};
  /// Wanted units by process type, 0 included, and those that wait for their turn (singleton.hpp),
  /// which are neither in `want` nor in `up`; empty = the engine does not tell, or could not read
  /// it. An engine whose sets can be scaled tells it in lists, too.
  UnitCounts processes = {};
};

/// Stands in a value of an environment for the number of the unit that gets it.
inline constexpr std::string_view k_unit_placeholder = "%UNIT%";

/// A process type of a Procfile.
struct Process {
  std::string type;
  std::string command;  ///< run by `/bin/sh -c` in the unit, as Procfile users expect; it comes
                        ///< from the trunk
  std::int64_t units = 1;
};
/// What the deployer hands to the engine.
struct Workload {
  std::filesystem::path directory;  ///< working directory of the units
  std::vector<Process> processes;
  std::map<std::string, std::string>
      env;  ///< secrets included: kept 0600, never in an argument list; with k_unit_placeholder
  Grace grace = {};  ///< of units that end without being told how long: the machine goes down
  std::map<std::string, UnitLimit> limits = {};  ///< by process type
};

/// How the command ended that a set ran to its end.
struct Ran {
  ExitCode exit = ExitCode::done;  ///< of one that was ended: `timeout` at the deadline, `refused`
                                   ///< when its set was cut, or a signal's to us
  std::string end;                 ///< `exit status 1`
  std::vector<std::string> said;   ///< its last lines, as they are: a secret may be among them

  [[nodiscard]] bool ok() const { return exit == ExitCode::done; }
};

/// What the deployer hands to an engine that runs Juju charms.
struct BundleWorkload {
  Json bundle;  ///< complete: overlays merged, unit counts set, local charms by absolute path.
                ///< Options may be secrets
  std::map<std::string, std::string> env;  ///< as of Workload: AMQP_URL, CDCTL_*
};

/// How far the end of a set has come.
struct Stopping {
  Step step;                  ///< `changed`: this call began it, or ended something
  bool done = true;           ///< nothing of it runs any more
  std::int64_t left = 0;      ///< processes that still run, where they can be counted
  std::optional<Time> until;  ///< when the engine ends them, if they do not do so before
};

/// A set whose folder (or model) is ours to change until this object goes: the claim is atomic and
/// exclusive per set.
class Claim {
 public:
  virtual ~Claim() = default;
  /// As found when the claim was made; state `absent` when the set is new.
  [[nodiscard]] const SetStatus& found() const { return do_found(); }
  /// A private writable folder of the set, for checkouts and builds. Emptied by clean().
  [[nodiscard]] std::filesystem::path workspace() const {
    return guarded_or(std::filesystem::path(), [&] { return do_workspace(); });
  }
  /// Secrets of the set that must survive a crash before they are used (0600): e.g. the broker
  /// password.
  [[nodiscard]] Result<std::optional<std::string>> load_secret(std::string_view key) {
    return guarded([&] { return do_load_secret(key); });
  }
  [[nodiscard]] Result<> save_secret(std::string_view key, std::string_view value) {
    return guarded([&] { return do_save_secret(key, value); });
  }
  /// Stops whatever an unfinished or fallen deploy left and empties the workspace.
  [[nodiscard]] Result<> clean(const Deadline& deadline) {
    return guarded([&] { return do_clean(deadline); });
  }
  /// From here on start() runs this process only while its keeper lets it: singleton.hpp. Exit code
  /// `config` from an engine that cannot.
  [[nodiscard]] Result<> keep(const std::string& process, const Keeper& keeper) {
    return guarded([&] { return do_keep(process, keeper); });
  }
  /// Starts the units; returns once they are started, not once they are healthy. `cut` = start them
  /// frozen out of the world (a known-bad set that is repaired stays cut).
  [[nodiscard]] Result<> start(const Workload& workload, const Deadline& deadline) {
    return guarded([&] { return do_start(workload, deadline); });
  }
  /// Runs the only process of `workload` once, to its end, as a unit is run: in the set's place,
  /// with its environment, its output in the set's logs. It is not started again, and nothing of it
  /// is left behind, whatever comes. An error is that it could not be begun or not be ended: exit
  /// code `refused` for a set that is cut from the world.
  [[nodiscard]] Result<Ran> run(const Workload& workload, const Deadline& deadline) {
    return guarded([&] { return do_run(workload, deadline); });
  }
  /// Whether this engine runs the applications of Juju bundles, and no processes.
  [[nodiscard]] bool takes_bundles() const {
    return guarded_or(false, [&] { return do_takes_bundles(); });
  }
  /// The same as start(), for an engine that takes bundles: hands the bundle over, and does not
  /// wait for its units. Called again with the bundle of a later phase, it adds to what is there.
  [[nodiscard]] Result<> start_bundle(const BundleWorkload& workload, const Deadline& deadline) {
    return guarded([&] { return do_start_bundle(workload, deadline); });
  }
  /// Starts again what was complete and is down, from what the engine holds of it: nothing is
  /// fetched and nothing is built. `env` goes over what its units were given before. False when
  /// it holds too little (or the engine knows no such thing): then the set is to be deployed anew.
  [[nodiscard]] Result<bool> revive(const std::map<std::string, std::string>& env,
                                    const Deadline& deadline) {
    return guarded([&] { return do_revive(env, deadline); });
  }
  /// The deploy is complete: the set counts as live from here on. Without it the set is `partial`.
  [[nodiscard]] Result<> finish() {
    return guarded([&] { return do_finish(); });
  }
  /// Stops the units that start() started and leaves the workspace, with its logs, for people to
  /// look at.
  [[nodiscard]] Result<> halt(const Deadline& deadline) {
    return guarded([&] { return do_halt(deadline); });
  }
  /// The deploy failed: note the attempt for the back-off. The set stays `partial`.
  void abandon(std::string_view why) {
    guarded_or(0, [&] { return do_abandon(why), 0; });
  }
  /// Another home owns the set: stops and removes whatever this one has of it, still under the
  /// claim. False when the engine cannot do that here; then stop() and destroy() follow, without
  /// the claim.
  [[nodiscard]] Result<bool> discard(const Deadline& deadline) {
    return guarded([&] { return do_discard(deadline); });
  }

 protected:
  [[nodiscard]] virtual const SetStatus& do_found() const noexcept = 0;
  [[nodiscard]] virtual std::filesystem::path do_workspace() const = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> do_load_secret(std::string_view key) = 0;
  [[nodiscard]] virtual Result<> do_save_secret(std::string_view key, std::string_view value) = 0;
  [[nodiscard]] virtual Result<> do_clean(const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_start(const Workload& workload, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Ran> do_run(const Workload& workload, const Deadline& deadline) {
    (void)workload, (void)deadline;
    return fail(ExitCode::config,
                "this engine cannot run a command before the units: take `release:` out of the "
                "Procfile");
  }
  [[nodiscard]] virtual bool do_takes_bundles() const { return false; }
  [[nodiscard]] virtual Result<> do_start_bundle(const BundleWorkload& workload,
                                                 const Deadline& deadline) {
    (void)workload, (void)deadline;
    return fail(ExitCode::config,
                "this engine runs the processes of a Procfile and takes no bundles");
  }
  [[nodiscard]] virtual Result<bool> do_revive(const std::map<std::string, std::string>& env,
                                               const Deadline& deadline) {
    (void)env, (void)deadline;
    return false;
  }
  [[nodiscard]] virtual Result<> do_finish() = 0;
  [[nodiscard]] virtual Result<> do_halt(const Deadline& deadline) = 0;
  virtual void do_abandon(std::string_view why) = 0;
  [[nodiscard]] virtual Result<bool> do_discard(const Deadline& deadline) {
    (void)deadline;
    return false;
  }
  [[nodiscard]] virtual Result<> do_keep(const std::string& process, const Keeper& keeper) {
    (void)keeper;
    return fail(ExitCode::config,
                "units." + process +
                    ": this engine cannot keep a process to one across the service; take `across` "
                    "out, or give it a service of its own");
  }
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// `web1:/var/lib/cdctl`: the one place this engine object speaks for.
  [[nodiscard]] std::string home() const {
    return guarded_or(std::string(), [&] { return do_home(); });
  }
  /// All sets of this home; of one service when named.
  [[nodiscard]] Result<std::vector<SetStatus>> list(std::optional<std::string_view> service,
                                                    const Deadline& deadline) {
    return guarded([&] { return do_list(service, deadline); });
  }
  /// One set with `detail`; state `absent` when it is not there.
  [[nodiscard]] Result<SetStatus> describe(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_describe(set, deadline); });
  }
  /// Claims a set for a deploy, creating it when absent. While another deploy of the same set runs
  /// it waits for that one and then finds its result; exit code `timeout` at the deadline.
  /// `sources` and `deployed_at` are kept with the set (deployed_at of a set that is already there
  /// stays).
  [[nodiscard]] Result<std::unique_ptr<Claim>> claim(const SetName& set, const Sources& sources,
                                                     Time deployed_at, const Deadline& deadline) {
    return guarded([&] { return do_claim(set, sources, deployed_at, deadline); });
  }
  /// Cut from the world: freeze every process of the set, those that a unit started included.
  /// Absent = nothing to do.
  [[nodiscard]] Result<Step> cut(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_cut(set, deadline); });
  }
  /// Back into the world: frozen units are restarted, or with `thaw` let go on.
  [[nodiscard]] Result<Step> mend(const SetName& set, bool thaw, const Deadline& deadline) {
    return guarded([&] { return do_mend(set, thaw, deadline); });
  }
  /// Changes in place how many units of these processes the set wants; the others keep theirs. It
  /// stays so whenever the set is started again, and for a cut set it takes effect when that is
  /// mended. What is one too many gets TERM and the grace that its process was deployed with:
  /// nobody waits for it. The step tells `changed` when another number was wanted before. Exit code
  /// `config` from an engine that cannot, `refused` for a set that is being stopped.
  [[nodiscard]] Result<Step> scale(const SetName& set, const UnitCounts& units,
                                   const Deadline& deadline) {
    return guarded([&] { return do_scale(set, units, deadline); });
  }
  /// The same for one unit of each process type, as far as the engine can: the others stay stopped
  /// until a mend.
  [[nodiscard]] Result<Step> mend_some(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_mend_some(set, deadline); });
  }
  /// TERM to every process of the set, wait until all are gone, for `grace` at most, KILL what is
  /// left. Marks the set `reaping` first. A frozen set is killed.
  [[nodiscard]] Result<Step> stop(const SetName& set, Millis grace, const Deadline& deadline) {
    return guarded([&] { return do_stop(set, grace, deadline); });
  }
  /// The same without waiting, where the engine can: it ends by itself what is left when the grace
  /// of its process is over. Called again, it tells how far that is; a shorter grace shortens it.
  [[nodiscard]] Result<Stopping> begin_stop(const SetName& set, const Grace& grace,
                                            const Deadline& deadline) {
    return guarded([&] { return do_begin_stop(set, grace, deadline); });
  }
  /// Removes what is left of a stopped set. Exit code `failed`, naming what it is, when something
  /// cannot be proven gone.
  [[nodiscard]] Result<Step> destroy(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_destroy(set, deadline); });
  }
  /// What the units of a set wrote, also of one that is reaped, as far as it is kept. Empty pointer
  /// = nothing is known of the set here; exit code `config` from an engine that has no logs to
  /// give.
  [[nodiscard]] Result<std::unique_ptr<UnitLogReader>> logs(const SetName& set,
                                                            const LogQuery& query,
                                                            const Deadline& deadline) {
    return guarded([&] { return do_logs(set, query, deadline); });
  }

 protected:
  [[nodiscard]] virtual std::string do_home() const = 0;
  [[nodiscard]] virtual Result<std::vector<SetStatus>> do_list(
      std::optional<std::string_view> service, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<SetStatus> do_describe(const SetName& set,
                                                      const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Claim>> do_claim(const SetName& set,
                                                                const Sources& sources,
                                                                Time deployed_at,
                                                                const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_cut(const SetName& set, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_mend(const SetName& set, bool thaw,
                                             const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_scale(const SetName& set, const UnitCounts& units,
                                              const Deadline& deadline) {
    (void)set, (void)units, (void)deadline;
    return fail(ExitCode::config, "this engine cannot change how many units a set has");
  }
  [[nodiscard]] virtual Result<Step> do_mend_some(const SetName& set, const Deadline& deadline) {
    return do_mend(set, false, deadline);
  }
  [[nodiscard]] virtual Result<Step> do_stop(const SetName& set, Millis grace,
                                             const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Stopping> do_begin_stop(const SetName& set, const Grace& grace,
                                                       const Deadline& deadline) {
    CDCTL_TRY_ASSIGN(auto step, do_stop(set, grace.longest(), deadline));
    return Stopping{std::move(step), true, 0, {}};
  }
  [[nodiscard]] virtual Result<Step> do_destroy(const SetName& set, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<UnitLogReader>> do_logs(const SetName& set,
                                                                       const LogQuery& query,
                                                                       const Deadline& deadline) {
    (void)set, (void)query, (void)deadline;
    return fail(ExitCode::config, "this engine has no logs of its units to give");
  }
};

}  // namespace cdctl
