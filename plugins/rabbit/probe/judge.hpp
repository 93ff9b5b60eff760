#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/time.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/rabbit/probe/memory.hpp"

namespace cdctl::rabbit {

/// What the probe sees of one set beside the broker's counters.
struct Judged {
  SetName set;
  std::optional<std::int64_t> want;  ///< units
  std::optional<bool> cut;
  bool alone = false;  ///< no other set of the service consumes: its dead letters are this set's
  std::optional<std::int64_t> dead_letters, dead_letters_before;  ///< of the service
};

/// The signals of one look at one set, and what to keep for the next. Asks nobody and knows no
/// clock but `look.at`.
struct Judgement {
  std::vector<Json> signals;
  SetBefore after;
};
[[nodiscard]] Judgement judge(const Judged& judged, const UserLook& user, Time at,
                              const std::optional<SetBefore>& before);

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
