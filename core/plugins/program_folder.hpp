#pragma once

#include <filesystem>

namespace cdctl::cli {

/// Folder of the running program: its parts are found from here.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace cdctl::cli
