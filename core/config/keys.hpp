#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>

namespace cdctl::config {

/// Where a key may stand: `cdctl.toml`, a file of services.d, or both (a service's key under
/// [defaults] holds for all services).
enum class KeyPlace { file, service, both };

/// One key of the configuration: what the loader knows, `config` shows and explains, and the manual
/// lists.
struct ConfigKey {
  KeyPlace place;
  std::string_view
      plugin;  ///< who reads it; empty = the front end. A plugin's manifest says what it takes, too
  std::string_view name;  ///< `reaper.keep`; `*` stands for a name that people choose
  std::string_view type;  ///< text, word, address, file, duration, count, flag, list, table, share
  std::string_view otherwise;  ///< what holds without it, for people; empty = nothing
  std::string_view example;    ///< a TOML value
  std::string_view commands;   ///< which obey it
  std::string_view meaning;
};

[[nodiscard]] std::span<const ConfigKey> config_keys();

/// The names that the table at `prefix` of cdctl.toml (or of a service's file) takes, the front
/// end's own alone.
[[nodiscard]] std::vector<std::string> known_keys(bool service, std::string_view prefix);
/// The row of a dotted key as it stands in a file, `[defaults]` taken off; nullptr when there is
/// none.
[[nodiscard]] const ConfigKey* find_key(bool service, std::string_view dotted);
/// What is wrong with the type of a value; empty = nothing.
[[nodiscard]] std::string wrong_type(const ConfigKey& key, const Json& value);
/// `cdctl.toml`, `services.d/NAME.toml`, or both, for people.
[[nodiscard]] std::string_view place_name(KeyPlace place);

}  // namespace cdctl::config
