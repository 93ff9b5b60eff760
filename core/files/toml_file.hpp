#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

namespace cdctl::files {

/// A TOML file as plain data, and where each key stands, for error lines.
struct TomlFile {
  std::filesystem::path path;
  Json table;
  std::map<std::string, std::pair<unsigned, unsigned>> where;  ///< `reaper.keep`,
                                                               ///< `notify.routes[0].to` → line,
                                                               ///< column

  /// `file:line:column` of a dotted key; the file alone when unknown.
  [[nodiscard]] std::string at(std::string_view dotted_key) const;
};

/// Exit code `config`, with file, line and column, when it cannot be read or parsed. Dates become
/// strings.
[[nodiscard]] Result<TomlFile> read_toml(const std::filesystem::path& path);
/// The same of a text that was read from `path`.
[[nodiscard]] Result<TomlFile> parse_toml(std::string_view text, const std::filesystem::path& path);

}  // namespace cdctl::files
