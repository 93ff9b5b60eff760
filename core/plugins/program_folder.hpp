#pragma once

#include <filesystem>

namespace cdctl::plugins {

/// Folder of the running program: its parts are found from here.
[[nodiscard]] std::filesystem::path program_folder();
/// Where the modules of ours are that few commands need (`cdctl-listen.so`), and the folder of
/// plugins.
[[nodiscard]] std::filesystem::path module_folder();

}  // namespace cdctl::plugins
