#include "plugins/rabbit/probe/memory.hpp"

#include <cdctl/set_name.hpp>

namespace cdctl::rabbit {

namespace {

Json millis_of(const std::optional<Time>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}
std::optional<Time> time_of(const Json& value) {
  return value.is_int() ? std::optional(Time(Millis(value.as_int()))) : std::nullopt;
}

Json to_json(const ChannelCounts& counts) {
  return Json::array({counts.delivered, counts.acknowledged, counts.settled, counts.unacked,
                      counts.redelivered, counts.unroutable, counts.counted});
}

std::optional<ChannelCounts> counts_from_json(const Json& json) {
  const auto& items = json.items();
  if (items.size() != 7) return {};
  const auto number = [&](std::size_t i) { return items[i].as_int(); };
  return ChannelCounts{number(0), number(1), number(2), number(3), number(4), number(5), number(6)};
}

}  // namespace

std::map<std::string, SetBefore> memory_from_json(const Json& json) {
  std::map<std::string, SetBefore> out;
  for (const auto& [name, entry] : json["sets"].members()) {
    const auto at = time_of(entry["at"]);
    if (!at || !parse_set_name(name)) continue;
    auto& before = out[name];
    before.at = *at;
    for (const auto& [channel, counts] : entry["channels"].members())
      if (const auto read = counts_from_json(counts)) before.channels.emplace(channel, *read);
    for (const auto& connection : entry["connections"].items())
      before.connections.insert(connection.as_string());
    before.connected = entry["connected"].as_bool();
    before.churning = entry["churning"].as_int();
    before.held_since = time_of(entry["held_since"]);
    before.missing_since = time_of(entry["missing_since"]);
  }
  return out;
}

Json memory_to_json(const std::map<std::string, SetBefore>& memory, Time clock) {
  Json sets = Json::object();
  for (const auto& [name, before] : memory) {
    if (clock - before.at > k_stale_memory) continue;
    Json channels = Json::object(), connections = Json::array();
    for (const auto& [channel, counts] : before.channels) channels.set(channel, to_json(counts));
    for (const auto& connection : before.connections) connections.push_back(connection);
    sets.set(name, Json::object({{"at", millis_of(before.at)},
                                 {"channels", std::move(channels)},
                                 {"connections", std::move(connections)},
                                 {"connected", before.connected},
                                 {"churning", before.churning},
                                 {"held_since", millis_of(before.held_since)},
                                 {"missing_since", millis_of(before.missing_since)}}));
  }
  return Json::object({{"sets", std::move(sets)}});
}

}  // namespace cdctl::rabbit
