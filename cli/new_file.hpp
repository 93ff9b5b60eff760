#pragma once

#include <filesystem>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::cli {

/// Makes a file that is not there yet, whole or not at all, and never over another: two writers at once make one file.
/// Returns false when it is there with the same bytes. Exit code `refused` when it is there with others.
[[nodiscard]] Result<bool> make_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode);

}  // namespace cdctl::cli
