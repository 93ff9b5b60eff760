#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/rows.hpp>

#include "core/plugins/host.hpp"

namespace cdctl::config {

using plugin::KeyPlace;

/// A key and who reads it.
struct ConfigKey : plugin::KeyRow {
  std::string_view plugin = {};  ///< empty = the front end
};

/// Every key: the front end's own, and those of the usable plugins by what their manifests tell,
/// without opening one. For commands that show, check and explain; the loader takes known_keys()
/// and the names in the manifests.
class Keys {
 public:
  explicit Keys(plugins::PluginHost& plugins);

  [[nodiscard]] std::span<const ConfigKey> all() const { return keys_; }
  /// The row of a dotted key as it stands in a file, `[defaults]` taken off; nullptr when there is
  /// none.
  [[nodiscard]] const ConfigKey* find(bool service, std::string_view dotted) const;
  /// The row of a dotted key of a target's file; nullptr when there is none.
  [[nodiscard]] const ConfigKey* find_in_target(std::string_view dotted) const;
  /// The keys of cdctl.toml, or of a target's file, that name the file of a secret: those with a
  /// `_command` beside them.
  [[nodiscard]] std::vector<std::string_view> secret_files(bool of_target = false) const;

 private:
  std::vector<ConfigKey> keys_;
  std::vector<plugins::PluginInfo> plugins_;  ///< has the text of their rows
};

/// The value at a dotted key; null when there is none.
[[nodiscard]] const Json& value_at(const Json& table, std::string_view dotted);
/// The names that the table at `prefix` of cdctl.toml (or of a service's file) takes, the front
/// end's own alone.
[[nodiscard]] std::vector<std::string> known_keys(bool service, std::string_view prefix);
/// The names that the table at `prefix` of a target's file takes.
[[nodiscard]] std::vector<std::string> known_target_keys(std::string_view prefix);
/// What is wrong with the type of a value; empty = nothing.
[[nodiscard]] std::string wrong_type(const ConfigKey& key, const Json& value);
/// `cdctl.toml`, `services.d/NAME.toml`, or both, for people.
[[nodiscard]] std::string_view place_name(KeyPlace place);

}  // namespace cdctl::config
