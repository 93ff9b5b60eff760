#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl::actions {

/// What was seen of the queues of a process at one look.
struct QueueLook {
  Time at{};
  std::int64_t waiting = 0, held = 0;
  std::optional<std::int64_t> published{}, done{};  ///< counters of the broker; empty = none
};

/// What the last looks have left: from two of them come rates.
struct PaceMemory {
  std::optional<QueueLook> base;
  std::int64_t units = 0;            ///< that worked then, in all
  std::optional<double> unit_per_s;  ///< what one unit gets done while there is enough to do
  std::optional<Time> fewer_since;   ///< fewer units have been enough since
  std::int64_t fewer = 0;            ///< the most that were needed since
};
[[nodiscard]] Json to_json(const PaceMemory& memory);
/// What cannot be read is forgotten: it costs one look without a wish.
[[nodiscard]] PaceMemory pace_memory_from_json(const Json& json);

struct UnitWish {
  std::optional<std::int64_t> units;  ///< other than now; empty = no wish
  std::string why;
  std::optional<double> in_per_s, done_per_s, unit_per_s;
};

/// How many units of a process a set should have that has `now`, while other sets that take from
/// the same queues have `others`. Pure: it asks nobody, and its clock is that of the look.
///
/// More at once, when what waits would not be done within `drain` at the pace that one unit was
/// seen to keep; at most twice as many as there are. Fewer only when fewer, with a fifth to spare,
/// have been enough at each look of the last `settle`; at most by half. A look at other numbers
/// than the last one gives no rates, so that new units get the time to begin. No wish without
/// figures: at the first look, after too long a time, where nothing was finished in between.
[[nodiscard]] UnitWish wish_for(const ScaleBounds& bounds, std::int64_t now, std::int64_t others,
                                const QueueLook& look, PaceMemory& memory);

}  // namespace cdctl::actions
