#include "core/config/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

namespace cdctl::config {

namespace fs = std::filesystem;

std::unexpected<Error> bad(const files::TomlFile& file, std::string_view key,
                           std::string_view what) {
  return fail(ExitCode::config, fmt::format("{}: {}", file.at(key), what));
}

void check_keys(const files::TomlFile& file, const std::string& prefix, const Json& table,
                const std::vector<std::string>& known, Problems& problems) {
  for (const auto& [key, value] : table.members()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto dotted = prefix.empty() ? key : prefix + "." + key;
    const auto error = bad(file, dotted,
                           fmt::format("unknown key '{}'{}", printable(dotted, 80),
                                       did_you_mean(key, known, "'", "'")));
    problems.push_back(error.error());
  }
}

Result<files::TomlFile> read_ours(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error)) CDCTL_TRY(only_ours_to_write(path));
  return files::read_toml(path);
}

}  // namespace cdctl::config
