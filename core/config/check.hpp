#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "core/files/toml_file.hpp"

namespace cdctl::config {

/// Everything that is wrong, in the order it is come by: a command stops at the first, `config
/// check` shows them all.
using Problems = std::vector<Error>;

/// An error about a key, with its place in the file. Exit code `config`.
[[nodiscard]] std::unexpected<Error> bad(const files::TomlFile& file, std::string_view key,
                                         std::string_view what);
/// Every member of the table at `prefix` must be one of `known`.
void check_keys(const files::TomlFile& file, const std::string& prefix, const Json& table,
                const std::vector<std::string>& known, Problems& problems);
/// A file that says what is deployed, cut, reaped or landed. Exit code `config` when somebody else
/// could have written it.
[[nodiscard]] Result<files::TomlFile> read_ours(const std::filesystem::path& path);

}  // namespace cdctl::config
