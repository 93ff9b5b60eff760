#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cdctl::cli {

/// What a folder's Procfile names; nothing where there is no such file.
struct ProcfileLook {
  std::vector<std::string> processes;
  bool release = false;  ///< a command that a revision runs once, before its units
};

[[nodiscard]] ProcfileLook look_at_procfile(const std::filesystem::path& folder);

}  // namespace cdctl::cli
