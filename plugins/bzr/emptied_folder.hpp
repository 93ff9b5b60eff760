#pragma once

#include <filesystem>

namespace cdctl::bzr {

/// Removes what `brz remove-branch` leaves of a branch on this machine: a folder with nothing in it
/// but control files that no branch, no files and no other's revisions hang on. Whether it did. One
/// that may not be removed, or holds anything else, stays as it is.
bool remove_emptied(const std::filesystem::path& folder);

}  // namespace cdctl::bzr
