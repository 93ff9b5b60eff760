#pragma once

#include <filesystem>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// Copies a file or a tree to `to`, which must not exist: links stay links, modes are kept, what is
/// not a file, folder or link is left out. `hardlink`: files are linked instead, so both must be on
/// one file system.
[[nodiscard]] Result<> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                                 bool hardlink, const Deadline& deadline);

}  // namespace cdctl::mojo
