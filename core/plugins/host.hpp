#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cdctl/plugin.hpp>

#include "core/records/book.hpp"

namespace cdctl::plugins {

struct RoleInfo {
  std::string role;  ///< source, deployer, engine, memory, switch, feed, probe, doctor
  std::string kind;
  std::vector<std::string> keys;
};
struct CommandInfo {
  std::string name, arguments, summary, examples;
  struct Option {
    std::string name, value, help;
    bool repeatable = false;
    char letter = 0;
    std::string choices;
  };
  std::vector<Option> options;
};

/// A plugin as its manifest tells, without opening the library.
struct PluginInfo {
  std::string name, version, summary;
  std::filesystem::path file, manifest;
  std::int64_t interface_version = 0;
  std::vector<RoleInfo> roles;
  std::vector<CommandInfo> commands;  ///< their names; the rest after read_commands()
  std::vector<std::string> global_keys, service_keys;
  std::string refused;  ///< why it is not used; empty = usable as far as its manifest and file tell
};

/// Finds plugins by their manifests and opens one when a command first needs it. Never unloads.
class PluginHost {
 public:
  explicit PluginHost(std::vector<std::filesystem::path> folders);
  ~PluginHost();

  /// All plugins found, refused ones included, in folder order. Reads the manifests at the first
  /// call.
  [[nodiscard]] const std::vector<PluginInfo>& plugins();
  /// The usable plugins that have commands. Reads no manifest but theirs, and those of the same
  /// names: for completion.
  [[nodiscard]] std::vector<PluginInfo> with_commands() const;
  /// The first usable plugin that offers the role, or nullptr.
  [[nodiscard]] const PluginInfo* offering(std::string_view role, std::string_view kind);
  /// Opens the plugin and makes the role object; exit code `config` with the true reason when it
  /// cannot be.
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
  [[nodiscard]] static Result<> read_commands(PluginInfo& info);

 private:
  struct Library;
  std::vector<std::filesystem::path> folders_;
  bool scanned_ = false;
  std::vector<PluginInfo> plugins_;
  std::shared_ptr<records::RowStore> records_;
  std::map<std::filesystem::path, std::unique_ptr<Library>> libraries_;
};

/// Writes a plugin's manifest from the descriptor in the library file, and its rows of commands and
/// of records, if any, to the files `.commands.ndjson` and `.records.ndjson` beside it. For `cdctl
/// __manifest`, at build time.
[[nodiscard]] Result<> write_manifest(const std::filesystem::path& library,
                                      const std::filesystem::path& manifest);

[[nodiscard]] std::string_view to_string(plugin::Role role);

/// Opens the HTTP module in `folder`. Exit code `config` when it is not there.
[[nodiscard]] Result<Http*> open_http_module(const std::filesystem::path& folder);

}  // namespace cdctl::plugins
