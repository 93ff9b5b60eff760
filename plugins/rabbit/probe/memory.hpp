#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "plugins/rabbit/probe/look.hpp"

namespace cdctl::rabbit {

/// What the last look left about one set, from which the next one makes rates.
struct SetBefore {
  Time at{};
  std::map<std::string, ChannelCounts> channels;
  std::set<std::string> connections;
  bool connected = false;             ///< it had a connection since it was last seen cut
  std::int64_t churning = 0;          ///< looks in a row in which connections came and went
  std::optional<Time> held_since;     ///< it holds messages and has acknowledged none since
  std::optional<Time> missing_since;  ///< it has had fewer consumers than units since
};

/// Older than this a counter says nothing about now.
constexpr Millis k_stale_memory = std::chrono::minutes(10);

/// By set name. What cannot be read is forgotten: it costs one look without rates.
[[nodiscard]] std::map<std::string, SetBefore> memory_from_json(const Json& json);
/// Without the sets that nobody has looked at for k_stale_memory.
[[nodiscard]] Json memory_to_json(const std::map<std::string, SetBefore>& memory, Time clock);

}  // namespace cdctl::rabbit
