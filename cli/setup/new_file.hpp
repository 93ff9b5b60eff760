#pragma once

#include <filesystem>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::cli {

/// Makes a file that is not there yet, whole or not at all, and never over another: two writers at
/// once make one file. Returns false when it is there with the same bytes. Exit code `refused` when
/// it is there with others.
[[nodiscard]] Result<bool> make_new_file(const std::filesystem::path& path, std::string_view bytes,
                                         unsigned mode);

/// Removes what killed writers of that file have left beside it: drafts that nobody holds any more.
/// Quiet about what it may not.
void remove_drafts(const std::filesystem::path& path);

}  // namespace cdctl::cli
