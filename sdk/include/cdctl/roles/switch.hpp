#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/roles/step.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/singleton.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// Messages since the connections were opened.
struct Settled {
  std::int64_t acknowledged = 0;
  std::int64_t returned =
      0;  ///< delivered, and neither acknowledged nor held: it went back, or was rejected
  std::int64_t connections = 0;
};

/// What a set does at a switch, in connections.
struct AtWork {
  bool takes =
      false;  ///< its workers are there to take messages, and it can be told whether they do
  std::int64_t connections = 0;  ///< open now
  std::int64_t working = 0;      ///< of these: they take messages. All, where that cannot be told
  std::int64_t unsure = 0;       ///< of these: opened a moment ago, so that it cannot be told yet
};

/// Work that waits for a service, and that nobody takes.
struct Backlog {
  std::int64_t waiting = 0;  ///< messages
  std::string where;         ///< a queue that holds some of them
};

/// A queue that the workers of a service take their work from, and what is in it.
struct QueueDepth {
  std::string service, queue;
  std::int64_t ready = 0;    ///< messages that wait
  std::int64_t unacked = 0;  ///< messages that a worker holds
  std::int64_t consumers = 0;
  /// Counters, from which rates are made: messages that came into it, and those that were done
  /// with. Empty = the broker has not counted.
  std::optional<std::int64_t> published = {}, done = {};
  bool dead_letters = false;  ///< for people, and no worker's
};

/// A set, and the service's file that its rights come from.
struct Provisioned {
  const ServiceConfig* service = nullptr;
  SetName set;
  bool as_filed = false;  ///< the file still says what the set was made from
};

/// Something that a set can be cut off from and joined to again. Engines are switches too, through
/// Engine::cut and mend.
class Switch {
 public:
  virtual ~Switch() = default;
  /// Checks the service's tables before anything is made: e.g. a queue whose delivery limit loses
  /// messages on a cut.
  [[nodiscard]] Result<> check(const ServiceConfig& service, const Deadline& deadline) {
    return guarded([&] { return do_check(service, deadline); });
  }
  /// The part of check() that asks nobody: what the file itself says wrong. Exit code `config`.
  [[nodiscard]] Result<> check_file(const ServiceConfig& service) {
    return guarded([&] { return do_check_file(service); });
  }
  /// The queues of a service that give a message up after so many returns, the n-th cut included.
  [[nodiscard]] Result<std::map<std::string, std::int64_t>> delivery_limits(
      const ServiceConfig& service, const Deadline& deadline) {
    return guarded([&] { return do_delivery_limits(service, deadline); });
  }
  /// Makes what the set needs (queues, a user with `secret` as its password) and gives the units'
  /// environment, in which k_unit_placeholder stands for a unit's number. Repeatable with the same
  /// secret; never undoes a cut.
  [[nodiscard]] Result<std::map<std::string, std::string>> provision(const ServiceConfig& service,
                                                                     const SetName& set,
                                                                     std::string_view secret,
                                                                     const Deadline& deadline) {
    return guarded([&] { return do_provision(service, set, secret, deadline); });
  }
  /// The program by which a set keeps `process` to one across its service: singleton.hpp. To be
  /// called after provision(), with the set's place in the order of deploys: whose is greater is
  /// newer. Exit code `config` from a switch that arbitrates nothing.
  [[nodiscard]] Result<Keeper> keeper(const ServiceConfig& service, const SetName& set,
                                      const std::string& process, std::int64_t rank) {
    return guarded([&] { return do_keeper(service, set, process, rank); });
  }
  /// Refuse new connections, close the open ones, read back. `entry` is what the memory said; the
  /// memo is already written.
  [[nodiscard]] Result<Step> cut(const SetName& set, std::string_view why,
                                 const Deadline& deadline) {
    return guarded([&] { return do_cut(set, why, deadline); });
  }
  /// Refuse new connections only: the set's workers may finish what they hold.
  [[nodiscard]] Result<Step> drain(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_drain(set, deadline); });
  }
  /// Restore the limit that was there before the cut (none when empty).
  [[nodiscard]] Result<Step> mend(const SetName& set, std::optional<std::int64_t> prev_limit,
                                  const Deadline& deadline) {
    return guarded([&] { return do_mend(set, prev_limit, deadline); });
  }
  /// Half-open: lets in what so many units need, whatever the cut was; a cut closes it again.
  [[nodiscard]] Result<Step> admit(const SetName& set, std::int64_t units,
                                   const Deadline& deadline) {
    return guarded([&] { return do_admit(set, units, deadline); });
  }
  /// What the open connections of the set have done with messages so far, as the switch counts it.
  [[nodiscard]] Result<Settled> settled(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_settled(set, deadline); });
  }
  /// Removes what provision made for the set (not the queues) and every connection that still uses
  /// it.
  [[nodiscard]] Result<Step> retire(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_retire(set, deadline); });
  }
  /// Connections open now, for each set; answers in the order asked.
  [[nodiscard]] Result<std::vector<std::int64_t>> connections(std::span<const SetName> sets,
                                                              const Deadline& deadline) {
    return guarded([&] { return do_connections(sets, deadline); });
  }
  /// Which of them are at work; answers in the order asked. One round of calls, however many they
  /// are.
  [[nodiscard]] Result<std::vector<AtWork>> at_work(std::span<const Provisioned> sets,
                                                    const Deadline& deadline) {
    return guarded([&] { return do_at_work(sets, deadline); });
  }
  /// Since when it serves without a break: who could connect since then, and is not connected, does
  /// not want to. Empty when it cannot say.
  [[nodiscard]] Result<std::optional<Time>> up_since(const SetName& set, const Deadline& deadline) {
    return guarded([&] { return do_up_since(set, deadline); });
  }
  /// The services of these for which work waits that nobody takes, by name. A switch that knows no
  /// work has none.
  [[nodiscard]] Result<std::map<std::string, Backlog>> stuck(
      std::span<const ServiceConfig* const> services, const Deadline& deadline) {
    return guarded([&] { return do_stuck(services, deadline); });
  }
  /// The queues of these services, as the switch's statistics tell; those that are not there are
  /// left out. A switch that knows no queues has none.
  [[nodiscard]] Result<std::vector<QueueDepth>> queues(
      std::span<const ServiceConfig* const> services, const Deadline& deadline) {
    return guarded([&] { return do_queues(services, deadline); });
  }
  /// What is wrong with the rights of these sets, by name: somebody took away or added to what
  /// provision() gave them, which puts it right. A set of which there is nothing at all is not
  /// told.
  [[nodiscard]] Result<std::map<std::string, std::string>> wrong_rights(
      std::span<const Provisioned> sets, const Deadline& deadline) {
    return guarded([&] { return do_wrong_rights(sets, deadline); });
  }
  /// For `inspect`: queues, permissions, connections of one set.
  [[nodiscard]] Result<Json> describe(const ServiceConfig& service, const SetName& set,
                                      const Deadline& deadline) {
    return guarded([&] { return do_describe(service, set, deadline); });
  }
  /// The queues that stay behind, with what is in them, when all sets of a service are gone.
  [[nodiscard]] std::vector<std::string> left_behind(const ServiceConfig& service) const {
    return guarded_or(std::vector<std::string>(), [&] { return do_left_behind(service); });
  }

 protected:
  [[nodiscard]] virtual std::vector<std::string> do_left_behind(
      const ServiceConfig& service) const {
    (void)service;
    return {};
  }
  [[nodiscard]] virtual Result<> do_check(const ServiceConfig& service,
                                          const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> do_check_file(const ServiceConfig& service) {
    (void)service;
    return {};
  }
  [[nodiscard]] virtual Result<std::map<std::string, std::int64_t>> do_delivery_limits(
      const ServiceConfig& service, const Deadline& deadline) {
    (void)service, (void)deadline;
    return std::map<std::string, std::int64_t>();
  }
  [[nodiscard]] virtual Result<std::map<std::string, std::string>> do_provision(
      const ServiceConfig& service, const SetName& set, std::string_view secret,
      const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_cut(const SetName& set, std::string_view why,
                                            const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_drain(const SetName& set, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_mend(const SetName& set,
                                             std::optional<std::int64_t> prev_limit,
                                             const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Step> do_admit(const SetName& set, std::int64_t units,
                                              const Deadline& deadline) {
    (void)units, (void)deadline;
    return fail(ExitCode::config,
                "letting " + set.str() + " back on trial: this switch cannot do that");
  }
  [[nodiscard]] virtual Result<Settled> do_settled(const SetName& set, const Deadline& deadline) {
    (void)deadline;
    return fail(ExitCode::config,
                "watching what " + set.str() + " does: this switch does not count messages");
  }
  [[nodiscard]] virtual Result<Step> do_retire(const SetName& set, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<std::vector<std::int64_t>> do_connections(
      std::span<const SetName> sets, const Deadline& deadline) = 0;
  /// Without a better way to tell, who is connected is at work.
  [[nodiscard]] virtual Result<std::vector<AtWork>> do_at_work(std::span<const Provisioned> sets,
                                                               const Deadline& deadline) {
    std::vector<SetName> names;
    for (const auto& set : sets) names.push_back(set.set);
    CDCTL_TRY_ASSIGN(const auto open, do_connections(names, deadline));
    std::vector<AtWork> out;
    for (const auto count : open) out.push_back({false, count, count, 0});
    return out;
  }
  [[nodiscard]] virtual Result<std::optional<Time>> do_up_since(const SetName& set,
                                                                const Deadline& deadline) {
    (void)set, (void)deadline;
    return std::optional<Time>();
  }
  [[nodiscard]] virtual Result<std::map<std::string, Backlog>> do_stuck(
      std::span<const ServiceConfig* const> services, const Deadline& deadline) {
    (void)services, (void)deadline;
    return std::map<std::string, Backlog>{};
  }
  [[nodiscard]] virtual Result<std::vector<QueueDepth>> do_queues(
      std::span<const ServiceConfig* const> services, const Deadline& deadline) {
    (void)services, (void)deadline;
    return std::vector<QueueDepth>{};
  }
  [[nodiscard]] virtual Result<std::map<std::string, std::string>> do_wrong_rights(
      std::span<const Provisioned> sets, const Deadline& deadline) {
    (void)sets, (void)deadline;
    return std::map<std::string, std::string>();
  }
  [[nodiscard]] virtual Result<Json> do_describe(const ServiceConfig& service, const SetName& set,
                                                 const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<Keeper> do_keeper(const ServiceConfig& service, const SetName& set,
                                                 const std::string& process, std::int64_t rank) {
    (void)service, (void)rank;
    return fail(ExitCode::config, "keeping " + process + " of " + set.str() +
                                      " to one across its service: this switch cannot do that");
  }
};

}  // namespace cdctl
