#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <cdctl/error.hpp>

namespace cdctl::bzr {

/// A revision of a branch.
struct Revision {
  std::string id;
  std::optional<std::int64_t> number;  ///< its revno; empty for a merged one (1.2.3)
};

/// The newest revision of a branch on this machine, from its files (30 µs; starting brz costs 100
/// ms and more). The reference that a lightweight checkout is gets followed. Empty when only brz
/// can tell: an old format, a colocated branch. Exit code `unknown` and Reason::not_there when
/// there is no branch, or no commit in it.
[[nodiscard]] Result<std::optional<Revision>> read_tip(const std::filesystem::path& branch);

/// The revision-id that a working tree stands at, from its dirstate; exit code `failed` when it
/// cannot be read.
[[nodiscard]] Result<std::string> read_tree_revision(const std::filesystem::path& tree);

}  // namespace cdctl::bzr
