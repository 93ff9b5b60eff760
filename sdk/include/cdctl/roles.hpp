#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

// The roles that a plugin can offer. Every call takes a deadline and keeps it; every action may be
// repeated and says whether it changed anything; "could not ask" is exit code `unknown`, never an
// empty answer.

namespace cdctl {

/// One step of an action, for the `steps` of an outcome record.
struct Step {
  std::string plugin;
  bool changed = false;
  Json details = Json::object();  ///< extra members of the step: {"closed":3}
};

// ---------------------------------------------------------------- sources

/// One checkout among many.
struct CheckoutRequest {
  SourceConfig source;
  std::string revision;
  std::filesystem::path into;  ///< absent or empty before; its parent exists
};

class Source {
 public:
  virtual ~Source() = default;
  /// The newest revision of each, many at once, answers in the order asked. One that cannot be read
  /// has its own error (exit code `unknown`) and does not hurt the others.
  [[nodiscard]] virtual std::vector<Result<SourceState>> newest(
      std::span<const SourceConfig> sources, const Deadline& deadline) = 0;
  /// A full revision for what a person gave with --source trunk=REV (a short commit id, a tag, a
  /// branch).
  [[nodiscard]] virtual Result<SourceState> resolve(const SourceConfig& source,
                                                    std::string_view revision,
                                                    const Deadline& deadline) = 0;
  /// A writable checkout of exactly `revision` in `into` (absent or empty before; its parent
  /// exists).
  [[nodiscard]] virtual Result<> checkout(const SourceConfig& source, std::string_view revision,
                                          const std::filesystem::path& into,
                                          const Deadline& deadline) = 0;
  /// Many checkouts at once, answers in the order asked; one that fails does not hurt the others. A
  /// source that can work on several at a time does.
  [[nodiscard]] virtual std::vector<Result<>> checkout_all(
      std::span<const CheckoutRequest> requests, const Deadline& deadline) {
    std::vector<Result<>> out;
    for (const auto& request : requests)
      out.push_back(checkout(request.source, request.revision, request.into, deadline));
    return out;
  }
};

// ---------------------------------------------------------------- engines

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
  Json detail = Json::object();  ///< units with pid, restarts, last log lines: only from describe()
};

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
      env;  ///< secrets included: kept 0600, never in an argument list
};

/// What the deployer hands to an engine that runs Juju charms.
struct BundleWorkload {
  Json bundle;  ///< complete: overlays merged, unit counts set, local charms by absolute path.
                ///< Options may be secrets
  std::map<std::string, std::string> env;  ///< as of Workload: AMQP_URL, CDCTL_*
};

/// A set whose folder (or model) is ours to change until this object goes: the claim is atomic and
/// exclusive per set.
class Claim {
 public:
  virtual ~Claim() = default;
  /// As found when the claim was made; state `absent` when the set is new.
  [[nodiscard]] virtual const SetStatus& found() const = 0;
  /// A private writable folder of the set, for checkouts and builds. Emptied by clean().
  [[nodiscard]] virtual std::filesystem::path workspace() const = 0;
  /// Secrets of the set that must survive a crash before they are used (0600): e.g. the broker
  /// password.
  [[nodiscard]] virtual Result<std::optional<std::string>> load_secret(std::string_view key) = 0;
  [[nodiscard]] virtual Result<> save_secret(std::string_view key, std::string_view value) = 0;
  /// Stops whatever an unfinished or fallen deploy left and empties the workspace.
  [[nodiscard]] virtual Result<> clean(const Deadline& deadline) = 0;
  /// Starts the units; returns once they are started, not once they are healthy. `cut` = start them
  /// frozen out of the world (a known-bad set that is repaired stays cut).
  [[nodiscard]] virtual Result<> start(const Workload& workload, const Deadline& deadline) = 0;
  /// Whether this engine runs the applications of Juju bundles, and no processes.
  [[nodiscard]] virtual bool takes_bundles() const { return false; }
  /// The same as start(), for an engine that takes bundles: hands the bundle over, and does not
  /// wait for its units. Called again with the bundle of a later phase, it adds to what is there.
  [[nodiscard]] virtual Result<> start_bundle(const BundleWorkload& workload,
                                              const Deadline& deadline) {
    (void)workload, (void)deadline;
    return fail(ExitCode::config,
                "this engine runs the processes of a Procfile and takes no bundles");
  }
  /// The deploy is complete: the set counts as live from here on. Without it the set is `partial`.
  [[nodiscard]] virtual Result<> finish() = 0;
  /// Stops the units that start() started and leaves the workspace, with its logs, for people to
  /// look at.
  [[nodiscard]] virtual Result<> halt(const Deadline& deadline) = 0;
  /// The deploy failed: note the attempt for the back-off. The set stays `partial`.
  virtual void abandon(std::string_view why) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// `web1:/var/lib/cdctl`: the one place this engine object speaks for.
  [[nodiscard]] virtual std::string home() const = 0;
  /// All sets of this home; of one service when named.
  [[nodiscard]] virtual Result<std::vector<SetStatus>> list(std::optional<std::string_view> service,
                                                            const Deadline& deadline) = 0;
  /// One set with `detail`; state `absent` when it is not there.
  [[nodiscard]] virtual Result<SetStatus> describe(const SetName& set,
                                                   const Deadline& deadline) = 0;
  /// Claims a set for a deploy, creating it when absent. While another deploy of the same set runs
  /// it waits for that one and then finds its result; exit code `timeout` at the deadline.
  /// `sources` and `deployed_at` are kept with the set (deployed_at of a set that is already there
  /// stays).
  [[nodiscard]] virtual Result<std::unique_ptr<Claim>> claim(const SetName& set,
                                                             const Sources& sources,
                                                             Time deployed_at,
                                                             const Deadline& deadline) = 0;
  /// Cut from the world: freeze every process of the set, those that a unit started included.
  /// Absent = nothing to do.
  [[nodiscard]] virtual Result<Step> cut(const SetName& set, const Deadline& deadline) = 0;
  /// Back into the world: frozen units are restarted, or with `thaw` let go on.
  [[nodiscard]] virtual Result<Step> mend(const SetName& set, bool thaw,
                                          const Deadline& deadline) = 0;
  /// TERM to every unit, wait for `grace`, KILL what is left. Marks the set `reaping` first. A
  /// frozen set is killed.
  [[nodiscard]] virtual Result<Step> stop(const SetName& set, Millis grace,
                                          const Deadline& deadline) = 0;
  /// Removes what is left of a stopped set. Exit code `failed`, naming what it is, when something
  /// cannot be proven gone.
  [[nodiscard]] virtual Result<Step> destroy(const SetName& set, const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- deployers

struct DeployRequest {
  const ServiceConfig& service;
  SetName set;
  const Sources& sources;
  std::map<std::string, std::string>
      env;  ///< for the units: CDCTL_* and what the switches gave (AMQP_URL)
  Deadline deadline;
};

class Deployer {
 public:
  virtual ~Deployer() = default;
  /// Everything that can be checked before anything is made (the deploy calls it with the claim's
  /// workspace holding nothing yet), then the work: checkouts into claim.workspace(), builds, and
  /// claim.start(). Does not call finish().
  [[nodiscard]] virtual Result<> deploy(const DeployRequest& request, Claim& claim) = 0;
};

// ---------------------------------------------------------------- memory

/// `cdctl.set.NAME`: who owns a set and from what it was made. Kept after reaping as a tombstone.
struct SetMemo {
  SetName name;
  std::string engine, home;
  Sources sources;
  Time deployed_at;
  std::int64_t units = 0;                 ///< wanted units, for counting live ones
  std::optional<Time> reaped_at;          ///< a tombstone
  std::optional<Time> first_deployed_at;  ///< when it came back from a tombstone: its first time
};
[[nodiscard]] Json to_json(const SetMemo& memo);
[[nodiscard]] Result<SetMemo> set_memo_from_json(const SetName& name, const Json& json);

/// A cut set that is let back on one connection, to prove itself. Written before it is let back, so
/// that whoever comes by afterwards can end it: unanswered at `until`, it has failed. A set on
/// trial counts as cut for every guard.
struct Probation {
  Time since, until;
  std::int64_t messages = 1;  ///< to be acknowledged
  bool early = false;         ///< passed as soon as they are, and not only at `until`
  std::string by;
};

/// `cdctl.cut.NAME`: written before the limit is set, and by mend. The memory of known-bad
/// revisions.
struct CutMemo {
  bool cut = false;
  std::string by, why;
  Time at;
  std::optional<std::int64_t> prev_limit;
  std::optional<Time> mended_at;
  std::optional<Probation> probation =
      {};  ///< half-open: let back on trial; `cut` stays true until it has passed
};
[[nodiscard]] Json to_json(const CutMemo& memo);
[[nodiscard]] Result<CutMemo> cut_memo_from_json(const Json& json);

/// `cdctl.force.NAME`: what a person has said of a set or of a whole service, and every breaker
/// obeys.
struct Force {
  enum class State { open, closed, observe };  ///< stay cut; never be cut; be judged, never cut
  State state = State::observe;
  std::string by, why;
  Time at;
};
[[nodiscard]] std::string_view to_string(Force::State state);
[[nodiscard]] Json to_json(const Force& force);
[[nodiscard]] Result<Force> force_from_json(const Json& json);

/// `cdctl.hold.SERVICE`: a deploy freeze. `outdated` offers nothing of a held service; what is out
/// there goes on.
struct Hold {
  std::string by, why;
  Time at;
  std::optional<Time> until = {};  ///< lifted by itself then
};
[[nodiscard]] Json to_json(const Hold& hold);
[[nodiscard]] Result<Hold> hold_from_json(const Json& json);

/// What a memory knows of one set name.
struct MemoryEntry {
  std::optional<SetMemo> set;
  std::optional<CutMemo> cut_memo;
  /// Whether the set is cut right now: from the broker's limit, or without a broker from the home's
  /// file. Empty when the memory cannot say (no user there).
  std::optional<bool> cut;
  bool provisioned = false;           ///< what provision() makes is there (the RabbitMQ user)
  std::optional<std::int64_t> limit;  ///< the limit in force other than a cut
  std::optional<Force> force = {};    ///< of the set itself, else of its service
};

/// Held until the object goes, or the process ends, however it ends.
class ServiceLock {
 public:
  virtual ~ServiceLock() = default;
};

/// What all machines that serve a service must agree on: the broker's global parameters, or files
/// of the home.
class Memory {
 public:
  virtual ~Memory() = default;
  /// Everything known, by set name, of all services or the one named. One consistent look. Where
  /// the services are spread over several places and one of them cannot be asked, asking for all is
  /// an error; asking for one service needs its place only.
  [[nodiscard]] virtual Result<std::map<std::string, MemoryEntry>> read(
      std::optional<std::string_view> service, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> put_set(const SetMemo& memo, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> put_cut(const SetName& set, const CutMemo& memo,
                                         const Deadline& deadline) = 0;
  /// `name`: a set, or a service for all its sets. Empty = forget it. Exit code `config` where the
  /// memory cannot keep it.
  [[nodiscard]] virtual Result<> put_force(std::string_view name, const std::optional<Force>& force,
                                           const Deadline& deadline) {
    (void)name, (void)force, (void)deadline;
    return fail(ExitCode::config,
                "this memory keeps no forced states; they need a service with a [rabbit] table");
  }
  /// What is forced on a set: its own state, or else its service's. read() tells it too, but may
  /// cost a look at everything.
  [[nodiscard]] virtual Result<std::optional<Force>> force_of(const SetName& set,
                                                              const Deadline& deadline) {
    auto entries = read(set.service, deadline);
    if (!entries) return std::unexpected(entries.error());
    const auto at = entries->find(set.str());
    return at == entries->end() ? std::optional<Force>() : std::move(at->second.force);
  }
  /// Freezes the deploys of a service, or with an empty `hold` thaws them.
  [[nodiscard]] virtual Result<> put_hold(std::string_view service, const std::optional<Hold>& hold,
                                          const Deadline& deadline) {
    (void)service, (void)hold, (void)deadline;
    return fail(ExitCode::config, "this memory keeps no deploy freezes");
  }
  /// The freezes in force, by service; those whose `until` has passed may be among them.
  [[nodiscard]] virtual Result<std::map<std::string, Hold>> holds(const Deadline& deadline) {
    (void)deadline;
    return std::map<std::string, Hold>{};
  }
  /// Forgets tombstones of a service beyond the newest `keep` (cut memories of forgotten sets go
  /// with them).
  [[nodiscard]] virtual Result<> trim(std::string_view service, std::size_t keep,
                                      const Deadline& deadline) = 0;
  /// Starts taking the service's lock, so that the wait overlaps with other work; lock() then waits
  /// for it.
  virtual void prefetch_lock(std::string_view service) { (void)service; }
  /// One holder per service over all machines that share this memory.
  [[nodiscard]] virtual Result<std::unique_ptr<ServiceLock>> lock(std::string_view service,
                                                                  const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- switches

/// Messages since the connections were opened.
struct Settled {
  std::int64_t acknowledged = 0;
  std::int64_t returned =
      0;  ///< delivered, and neither acknowledged nor held: it went back, or was rejected
  std::int64_t connections = 0;
};

/// Something that a set can be cut off from and joined to again. Engines are switches too, through
/// Engine::cut and mend.
class Switch {
 public:
  virtual ~Switch() = default;
  /// Checks the service's tables before anything is made: e.g. a queue whose delivery limit loses
  /// messages on a cut.
  [[nodiscard]] virtual Result<> check(const ServiceConfig& service, const Deadline& deadline) = 0;
  /// Makes what the set needs (queues, a user with `secret` as its password) and gives the units'
  /// environment. Repeatable with the same secret; never undoes a cut.
  [[nodiscard]] virtual Result<std::map<std::string, std::string>> provision(
      const ServiceConfig& service, const SetName& set, std::string_view secret,
      const Deadline& deadline) = 0;
  /// Refuse new connections, close the open ones, read back. `entry` is what the memory said; the
  /// memo is already written.
  [[nodiscard]] virtual Result<Step> cut(const SetName& set, std::string_view why,
                                         const Deadline& deadline) = 0;
  /// Refuse new connections only: the set's workers may finish what they hold.
  [[nodiscard]] virtual Result<Step> drain(const SetName& set, const Deadline& deadline) = 0;
  /// Restore the limit that was there before the cut (none when empty).
  [[nodiscard]] virtual Result<Step> mend(const SetName& set,
                                          std::optional<std::int64_t> prev_limit,
                                          const Deadline& deadline) = 0;
  /// Half-open: lets at most `connections` in, whatever the cut was; a cut closes them again.
  [[nodiscard]] virtual Result<Step> admit(const SetName& set, std::int64_t connections,
                                           const Deadline& deadline) {
    (void)connections, (void)deadline;
    return fail(ExitCode::config,
                "letting " + set.str() + " back on trial: this switch cannot do that");
  }
  /// What the open connections of the set have done with messages so far, as the switch counts it.
  [[nodiscard]] virtual Result<Settled> settled(const SetName& set, const Deadline& deadline) {
    (void)deadline;
    return fail(ExitCode::config,
                "watching what " + set.str() + " does: this switch does not count messages");
  }
  /// Removes what provision made for the set (not the queues) and every connection that still uses
  /// it.
  [[nodiscard]] virtual Result<Step> retire(const SetName& set, const Deadline& deadline) = 0;
  /// Connections open now, for each set; answers in the order asked.
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> connections(std::span<const SetName> sets,
                                                                      const Deadline& deadline) = 0;
  /// For `inspect`: queues, permissions, connections of one set.
  [[nodiscard]] virtual Result<Json> describe(const ServiceConfig& service, const SetName& set,
                                              const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- probes

/// One set to be looked at.
struct ProbeTarget {
  const ServiceConfig& service;
  SetName set;
  std::string home;                  ///< of its engine
  std::optional<std::int64_t> want;  ///< units
  std::optional<bool> cut;
};

/// Looks at sets from outside and gives signals about them: bad ones, and good ones with counts
/// (severity `info`), so that rates have a denominator.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Flat `cdctl.signal/1` records without `id`, `time` and `received`. `memory` is what this probe
  /// wrote into it at its last look (counters, from which rates are made), null at the first. When
  /// nothing could be asked it is an error (exit code `unknown`) and no signal; a single set that
  /// could not be asked may be a `warning` signal named `PROBE/unknown`.
  [[nodiscard]] virtual Result<std::vector<Json>> observe(std::span<const ProbeTarget> targets,
                                                          Json& memory,
                                                          const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- checks of the installation

/// One thing that was checked, for `cdctl doctor`.
struct Check {
  enum class State { ok, warning, bad, unknown };
  std::string what;  ///< `juju client`
  State state = State::ok;
  std::string found;  ///< `3.6.11`; what is wrong
  std::string cure;   ///< what to do; empty when it is well
};

/// Looks at what a plugin needs before it is needed. Changes nothing.
class Doctor {
 public:
  virtual ~Doctor() = default;
  /// Never fails as a whole: what could not be asked is a check of its own.
  [[nodiscard]] virtual std::vector<Check> examine(const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- feeds

struct FeedQuery {
  std::optional<Time> since;  ///< replay from here; empty = from now on
  std::string cursor;   ///< go on after this position (of an earlier reader of the same feed); wins
                        ///< over since
  bool follow = false;  ///< go on for ever; else end at what is there now
};

class FeedReader {
 public:
  virtual ~FeedReader() = default;
  /// The next signals (flat `cdctl.signal/1` records with `received`), as many as are there,
  /// waiting at most `wait` for the first. Empty = none came.
  [[nodiscard]] virtual Result<std::vector<Json>> next(Millis wait) = 0;
  /// Without follow: everything that was there has been given.
  [[nodiscard]] virtual bool at_end() const = 0;
  /// The position after the last signal given, to store once it was written out. Plain text on one
  /// line.
  [[nodiscard]] virtual std::string cursor() const = 0;
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// Sends flat signal records; returns once the feed has them for good (a publisher confirm, an
  /// fsync'ed line).
  [[nodiscard]] virtual Result<> send(std::span<const Json> signals, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<FeedReader>> open(const FeedQuery& query,
                                                                 const Deadline& deadline) = 0;
};

// ---------------------------------------------------------------- sinks

/// Where records go that somebody else shall see: a chat, a pager, a search index, a file.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Passes records on, as they came; returns once the receiver has them for good. They may come
  /// twice: whoever can, tells a record by its identity. What is not for this sink it leaves out,
  /// and counts as done.
  [[nodiscard]] virtual Result<> pass(std::span<const Json> records, const Deadline& deadline) = 0;
};

}  // namespace cdctl
