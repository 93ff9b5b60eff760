#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cdctl::cli {

/// The programs `cdctl-NAME` on PATH that are no command of cdctl, by NAME; the first on PATH
/// counts.
[[nodiscard]] std::map<std::string, std::filesystem::path> external_commands();

/// Becomes `cdctl-NAME` when such a program is on PATH. Returns why it could not be started, or
/// empty when there is none.
[[nodiscard]] std::optional<std::string> exec_external(const std::string& name,
                                                       const std::vector<std::string>& words);

}  // namespace cdctl::cli
