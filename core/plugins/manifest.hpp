#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cdctl/plugin.hpp>

#include "core/files/toml_file.hpp"
#include "core/records/book.hpp"

// A plugin's manifest tells what its descriptor says, so that a library need not be opened to know
// what it offers. `cdctl __manifest` writes it when the plugin is built. Rows that few commands
// need are in files of their own beside it.

namespace cdctl::plugins {

struct RoleInfo {
  std::string role;  ///< source, deployer, engine, memory, switch, feed, probe, doctor, sink
  std::string kind;
  std::vector<std::string> keys;
};

/// The text that rows refer to which were read from a file.
class RowText {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  std::span<const plugin::OptionRow> keep(std::vector<plugin::OptionRow> options) {
    return options_.emplace_back(std::move(options));
  }

 private:
  std::deque<std::string> texts_;  // neither moves what it holds
  std::deque<std::vector<plugin::OptionRow>> options_;
};

/// A plugin as its manifest tells, without opening the library. Copies share the text of their
/// rows.
struct PluginInfo {
  std::string name, version, summary;
  std::filesystem::path file, manifest;
  std::int64_t interface_version = 0;
  std::vector<RoleInfo> roles;
  std::vector<plugin::CommandRow> commands;  ///< their names; the rest after read_commands()
  std::vector<std::string> global_keys;   ///< of its table in cdctl.toml, without the table's name
  std::vector<std::string> service_keys;  ///< the same of a service's file
  std::vector<std::string> target_keys;   ///< and of a target's
  std::map<std::string, std::string> shapes;  ///< whole name of a key → its name in the identity
  std::vector<plugin::KeyRow> keys;           ///< after read_keys()
  std::string unit_env;                       ///< of its feed, as the descriptor has it
  std::string refused;  ///< why it is not used; empty = usable as far as its manifest and file tell
  bool shadowed = false;  ///< for that reason alone: one of its name comes first, and nothing is
                          ///< wrong with it
  std::shared_ptr<RowText> text = std::make_shared<RowText>();
};

[[nodiscard]] std::string_view to_string(plugin::Role role);
[[nodiscard]] std::vector<RoleInfo> roles_of(const plugin::Descriptor& descriptor);

/// Reads one manifest; what is wrong with it goes to `refused`.
[[nodiscard]] PluginInfo read_manifest(const std::filesystem::path& path);
/// The same of a file that was read.
[[nodiscard]] PluginInfo parse_manifest(const files::TomlFile& file);
/// Whether the plugin of this manifest has commands, without reading it.
[[nodiscard]] bool has_commands(const std::filesystem::path& manifest);
/// Fills the rows of a plugin's commands. Exit code `config`.
[[nodiscard]] Result<> read_commands(PluginInfo& info);
/// Fills the rows of a plugin's keys. Exit code `config`.
[[nodiscard]] Result<> read_keys(PluginInfo& info);

/// Adds the kinds of record that the plugin writes; none when it has no such file.
[[nodiscard]] Result<> read_records(const PluginInfo& info, records::RowStore& into);

/// Writes a plugin's manifest from the descriptor in the library file, and its rows to the files
/// beside it. For `cdctl __manifest`, at build time.
[[nodiscard]] Result<> write_manifest(const std::filesystem::path& library,
                                      const std::filesystem::path& manifest);

/// What the manifest promises and the library does not keep; empty when they agree.
[[nodiscard]] std::string mismatch(const PluginInfo& manifest, const plugin::Descriptor& real);

}  // namespace cdctl::plugins
