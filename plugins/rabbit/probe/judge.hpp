#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/consumer_timeouts.hpp"
#include "plugins/rabbit/broker/stats.hpp"

namespace cdctl::rabbit {

/// What the last look left about one set, from which the next one makes rates.
struct SetBefore {
  Time at{};
  std::map<std::string, ChannelCounts> channels;
  std::set<std::string> connections;
  bool connected = false;               ///< it had a connection since it was last seen cut
  std::int64_t churning = 0;            ///< looks in a row in which connections came and went
  std::optional<Time> held_since;       ///< it holds messages and has acknowledged none since
  std::optional<Time> missing_since;    ///< it has had fewer consumers than units since
  std::map<std::string, Time> holding;  ///< channels that hold messages and have acknowledged none
                                        ///< since: by name
  std::optional<Time> passing_since;    ///< it gives back what a newer set takes since
  bool gave_back_alone = false;         ///< it gave back much before there was any newer set
  std::optional<Time> idle_since;       ///< it was let in and has taken no message since
  bool worked = false;                  ///< it took messages since it was last seen cut
};

/// Older than this a counter says nothing about now.
constexpr Millis k_stale_memory = std::chrono::minutes(10);

/// Whether a channel has held messages for so long that consumer timeouts matter.
[[nodiscard]] bool holds_for_long(const SetBefore& before, Time at);

/// By set name. What cannot be read is forgotten: it costs one look without rates.
[[nodiscard]] std::map<std::string, SetBefore> memory_from_json(const Json& json);
/// Without the sets that nobody has looked at for k_stale_memory.
[[nodiscard]] Json memory_to_json(const std::map<std::string, SetBefore>& memory, Time clock);

/// The sets that came after one, in its service.
struct Newer {
  bool there = false;   ///< at least one is live and uncut
  std::string taker;    ///< one that acknowledges work; empty = none does
  bool proven = false;  ///< a taker is
  Millis overlap{};     ///< so long it is normal that the older one gives back
  Millis prove_for{};   ///< a newer one that takes such work for so long would be proven
};

/// What the probe sees of one set beside the broker's counters.
struct Judged {
  SetName set;
  std::optional<std::int64_t> want;  ///< units
  std::optional<bool> cut;
  bool alone = false;  ///< no other set of the service consumes: its dead letters are this set's
  std::optional<std::int64_t> dead_letters, dead_letters_before;  ///< of the service
  bool locked_out = false;                                        ///< its user is gone
  bool takes = true;  ///< its workers are there to take messages
  /// The shortest of the service's queues: asked for where a channel holds something for long.
  std::optional<ConsumerTimeout> timeout{};
  Newer newer = {};
};

/// The signals of one look at one set, and what to keep for the next. Asks nobody and knows no
/// clock but `at`.
struct Judgement {
  std::vector<Json> signals;
  SetBefore after;
};
[[nodiscard]] Judgement judge(const Judged& judged, const UserStats& user, Time at,
                              const std::optional<SetBefore>& before);

/// Whether the set has acknowledged anything since the last look at it, or at all where there was
/// none.
[[nodiscard]] bool takes_work(const UserStats& user, const std::optional<SetBefore>& before);

/// What happened between two looks, summed over the set's channels. A channel that was not there
/// before, and one whose counters went back (it was closed and opened again), count from nothing:
/// they are younger than the last look. A return counts once two looks have seen it; `channels`
/// remembers what was counted.
struct Work {
  std::int64_t delivered = 0, acknowledged = 0, returned = 0, redelivered = 0, unroutable = 0;
};
[[nodiscard]] Work work_since(std::map<std::string, ChannelCounts>& channels,
                              const std::map<std::string, ChannelCounts>& before);

}  // namespace cdctl::rabbit
