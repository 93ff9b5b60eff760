#pragma once

#include <filesystem>

namespace cdctl::plugins {

/// Folder of the running program: its parts are found from here.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace cdctl::plugins
