#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/plugin.hpp>

#include "core/plugins/manifest.hpp"
#include "core/records/book.hpp"

namespace cdctl::plugins {

/// Finds plugins by their manifests and opens one when a command first needs it. Never unloads.
class PluginHost {
 public:
  explicit PluginHost(std::vector<std::filesystem::path> folders);

  /// All plugins found, refused ones included, in folder order. Reads the manifests at the first
  /// call.
  [[nodiscard]] const std::vector<PluginInfo>& plugins();
  /// The usable plugins that have commands. Reads no manifest but theirs, and those of the same
  /// names: for completion.
  [[nodiscard]] std::vector<PluginInfo> with_commands() const;
  /// The first usable plugin that offers the role, or nullptr.
  [[nodiscard]] const PluginInfo* offering(std::string_view role, std::string_view kind);
  /// What plugins with a table of their own in `table` (cdctl.toml, or a service's file) offer of a
  /// role: its kinds, in folder order. A refused plugin is among them: who asks for it hears why,
  /// and is not served by another in silence.
  [[nodiscard]] std::vector<std::string> owning(std::string_view role, const Json& table);
  /// The kinds of a role that usable plugins offer, in folder order.
  [[nodiscard]] std::vector<std::string> kinds(std::string_view role);
  /// Opens the plugin and makes the role object, which is there for good; exit code `config` with
  /// the true reason when it cannot be.
  [[nodiscard]] Result<void*> create(plugin::Role role, std::string_view kind, Host& host);
  /// What can be told from the file without running its code: modes, a whole library, our
  /// descriptor in it. Empty = nothing.
  [[nodiscard]] static std::string inspect(const PluginInfo& info);
  /// Opens the plugin and checks everything that can be checked without using it.
  [[nodiscard]] Result<const plugin::Descriptor*> open(const PluginInfo& info);

  /// The kinds of record that usable plugins write, by their manifests. What cannot be read is left
  /// out: `cdctl plugins` says why.
  [[nodiscard]] std::shared_ptr<const records::RowStore> records();

  /// Fills the rows of a plugin's commands. Exit code `config`.
  [[nodiscard]] static Result<> read_commands(PluginInfo& info) {
    return plugins::read_commands(info);
  }

 private:
  std::vector<std::filesystem::path> folders_;
  bool scanned_ = false;
  std::vector<PluginInfo> plugins_;
  std::shared_ptr<records::RowStore> records_;
  std::map<std::filesystem::path, const plugin::Descriptor*> opened_;
};

/// Notes an object that code of a module has made. It is not destroyed, since at exit its module
/// may be torn down before us; noted, it is no leak.
void keep_for_good(void* object);

}  // namespace cdctl::plugins
