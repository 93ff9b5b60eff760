#pragma once

#include <filesystem>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace folder {

/// SHA-256 over the names, kinds and contents of everything below `root`. Exit code `unknown` when
/// it cannot be read.
[[nodiscard]] cdctl::Result<std::string> hash_tree(const std::filesystem::path& root,
                                                   const cdctl::Deadline& deadline);

/// Copies the tree; `into` is absent or empty.
[[nodiscard]] cdctl::Result<> copy_tree(const std::filesystem::path& root,
                                        const std::filesystem::path& into);

}  // namespace folder
