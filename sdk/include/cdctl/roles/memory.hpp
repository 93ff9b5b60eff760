#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/min_live.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// `cdctl.set.NAME`: who owns a set and from what it was made. Kept after reaping as a tombstone.
struct SetMemo {
  SetName name;
  std::string engine, home;
  Sources sources;
  Time deployed_at;
  std::int64_t units = 0;                 ///< wanted units, for counting live ones
  std::optional<Time> reaped_at;          ///< a tombstone
  std::optional<Time> first_deployed_at;  ///< when it came back from a tombstone: its first time
  /// What the service's file said when it was deployed; holds when that file cannot be read.
  std::optional<MinLive> min_live = {};
  /// Of its queues when it was deployed: returns after which a message is given up. Empty = none
  /// has a limit.
  std::map<std::string, std::int64_t> delivery_limits = {};
  /// What the revision does once, before its units: when it was begun last, and when it was done.
  std::optional<Time> release_begun = {}, released_at = {};

  /// Its units are not started yet: who is connected does none of their work.
  [[nodiscard]] bool releasing() const { return release_begun && !released_at; }
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
  /// Mended from elsewhere: the home in which its units are still stopped.
  std::string stopped_in = {};
  /// When it was cut, the newest last: each time what its workers held went back to the queue. The
  /// last k_remembered_cuts.
  std::vector<Time> cuts = {};
};
inline constexpr std::size_t k_remembered_cuts = 30;
[[nodiscard]] Json to_json(const CutMemo& memo);
[[nodiscard]] Result<CutMemo> cut_memo_from_json(const Json& json);

/// `cdctl.force.NAME`: what a person has said of a set or of a whole service, and every breaker
/// obeys.
struct Force {
  enum class State { open, closed, observe };  ///< stay cut; never be cut; be judged, never cut
  State state = State::observe;
  std::string by, why;
  Time at;
  std::string target = {};  ///< of which it was said: filled by who reads it, and not kept
};
[[nodiscard]] std::string_view to_string(Force::State state);
[[nodiscard]] Json to_json(const Force& force);
[[nodiscard]] Result<Force> force_from_json(const Json& json);

/// `cdctl.hold.SERVICE`: a deploy freeze. `outdated` offers nothing new of a held service; what is
/// out there goes on, and is brought back when it falls. `cdctl.hold.SET`: one revision that is
/// held out, whether it is down or was never there.
struct Hold {
  std::string by, why;
  Time at;
  std::optional<Time> until = {};  ///< lifted by itself then
  bool retiring = false;  ///< of a service at its end: nothing of it is brought back either
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

/// Held until the object goes, or the process ends, however it ends. Whoever stands still meanwhile
/// (a machine that was suspended) may have lost it without notice.
class ServiceLock {
 public:
  virtual ~ServiceLock() = default;
  /// Succeeds when the lock is ours at this moment, and has been ever since it was taken: to be
  /// asked right before what cannot be undone. Exit code `unknown` when it was lost, or nobody
  /// could say so.
  [[nodiscard]] Result<> prove(const Deadline& deadline) {
    return guarded([&] { return do_prove(deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<> do_prove(const Deadline& deadline) = 0;
};

/// What all machines that serve a service must agree on: the broker's global parameters, or files
/// of the home.
class Memory {
 public:
  virtual ~Memory() = default;
  /// Everything known, by set name, of all services or the one named. One consistent look. Where
  /// the services are spread over several places and one of them cannot be asked, asking for all is
  /// an error; asking for one service needs its place only.
  [[nodiscard]] Result<std::map<std::string, MemoryEntry>> read(
      std::optional<std::string_view> service, const Deadline& deadline) {
    return guarded([&] { return do_read(service, deadline); });
  }
  [[nodiscard]] Result<> put_set(const SetMemo& memo, const Deadline& deadline) {
    return guarded([&] { return do_put_set(memo, deadline); });
  }
  [[nodiscard]] Result<> put_cut(const SetName& set, const CutMemo& memo,
                                 const Deadline& deadline) {
    return guarded([&] { return do_put_cut(set, memo, deadline); });
  }
  /// `name`: a set, or a service for all its sets. Empty = forget it. Exit code `config` where the
  /// memory cannot keep it.
  [[nodiscard]] Result<> put_force(std::string_view name, const std::optional<Force>& force,
                                   const Deadline& deadline) {
    return guarded([&] { return do_put_force(name, force, deadline); });
  }
  /// What is forced on a set: its own state, or else its service's. read() tells it too, but may
  /// cost a look at everything.
  [[nodiscard]] Result<std::optional<Force>> force_of(const SetName& set,
                                                      const Deadline& deadline) {
    return guarded([&] { return do_force_of(set, deadline); });
  }
  /// What is noted of one set: its memos, and what is forced on it. Whether it is cut right now,
  /// and its limit, may be left out. read() tells everything, and may cost a look at everything.
  [[nodiscard]] Result<MemoryEntry> notes_of(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_notes_of(set, deadline); });
  }
  /// What this machine's clock is ahead of the one by which the memory of that service notes times,
  /// as far as its answers have shown: 0 while that is next to nothing. The times that it tells are
  /// translated; those in a record from another machine may not be.
  [[nodiscard]] Millis clock_ahead(std::string_view service) {
    return guarded_or(Millis(0), [&] { return do_clock_ahead(service); });
  }
  /// Freezes the deploys of a service, or of one revision by the name of its set; with an empty
  /// `hold` thaws them.
  [[nodiscard]] Result<> put_hold(std::string_view name, const std::optional<Hold>& hold,
                                  const Deadline& deadline) {
    return guarded([&] { return do_put_hold(name, hold, deadline); });
  }
  /// The freezes in force, by service or set; those whose `until` has passed may be among them.
  [[nodiscard]] Result<std::map<std::string, Hold>> holds(const Deadline& deadline) {
    return guarded([&] { return do_holds(deadline); });
  }
  /// Forgets tombstones of a service beyond the newest `keep` (cut memories of forgotten sets go
  /// with them).
  [[nodiscard]] Result<> trim(std::string_view service, std::size_t keep,
                              const Deadline& deadline) {
    return guarded([&] { return do_trim(service, keep, deadline); });
  }
  /// Starts taking the service's lock, so that the wait overlaps with other work; lock() then waits
  /// for it.
  void prefetch_lock(std::string_view service) {
    guarded_or(0, [&] { return do_prefetch_lock(service), 0; });
  }
  /// One holder per service over all machines that share this memory.
  [[nodiscard]] Result<std::unique_ptr<ServiceLock>> lock(std::string_view service,
                                                          const Deadline& deadline) {
    return guarded([&] { return do_lock(service, deadline); });
  }

  /// The same for what revisions do once, which may take long: a cut does not wait for it.
  [[nodiscard]] Result<std::unique_ptr<ServiceLock>> lock_release(std::string_view service,
                                                                  const Deadline& deadline) {
    return guarded([&] { return do_lock_release(service, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<std::map<std::string, MemoryEntry>> do_read(
      std::optional<std::string_view> service, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_put_set(const SetMemo& memo, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_put_cut(const SetName& set, const CutMemo& memo,
                                            const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_put_force(std::string_view name,
                                              const std::optional<Force>& force,
                                              const Deadline& deadline) {
    (void)name, (void)force, (void)deadline;
    return fail(ExitCode::config,
                "this memory keeps no forced states; they need a service with a [rabbit] table");
  }
  [[nodiscard]] virtual Result<std::optional<Force>> do_force_of(const SetName& set,
                                                                 const Deadline& deadline) {
    auto entries = do_read(set.service, deadline);
    if (!entries) return std::unexpected(entries.error());
    const auto at = entries->find(set.str());
    return at == entries->end() ? std::optional<Force>() : std::move(at->second.force);
  }
  [[nodiscard]] virtual Result<MemoryEntry> do_notes_of(const SetName& set,
                                                        const Deadline& deadline) {
    auto entries = do_read(set.service, deadline);
    if (!entries) return std::unexpected(entries.error());
    if (const auto at = entries->find(set.str()); at != entries->end())
      return std::move(at->second);
    MemoryEntry out;
    auto force = do_force_of(set, deadline);  // it may be forced before it is there
    if (!force) return std::unexpected(force.error());
    out.force = std::move(*force);
    return out;
  }
  [[nodiscard]] virtual Millis do_clock_ahead(std::string_view service) {
    (void)service;
    return Millis(0);
  }
  [[nodiscard]] virtual Result<> do_put_hold(std::string_view name, const std::optional<Hold>& hold,
                                             const Deadline& deadline) {
    (void)name, (void)hold, (void)deadline;
    return fail(ExitCode::config, "this memory keeps no deploy freezes");
  }
  [[nodiscard]] virtual Result<std::map<std::string, Hold>> do_holds(const Deadline& deadline) {
    (void)deadline;
    return std::map<std::string, Hold>{};
  }
  [[nodiscard]] virtual Result<> do_trim(std::string_view service, std::size_t keep,
                                         const Deadline& deadline) = 0;
  virtual void do_prefetch_lock(std::string_view service) { (void)service; }
  [[nodiscard]] virtual Result<std::unique_ptr<ServiceLock>> do_lock(std::string_view service,
                                                                     const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<ServiceLock>> do_lock_release(
      std::string_view service, const Deadline& deadline) {
    (void)service, (void)deadline;
    return fail(ExitCode::config,
                "this memory has no lock for what revisions do once: take `release:` out of the "
                "Procfile");
  }
};

}  // namespace cdctl
