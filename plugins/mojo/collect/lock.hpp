#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/collect/collect.hpp"

namespace cdctl::mojo {

// A lock is a collect file that says the same with fixed revisions: `revno` is a whole commit id,
// `revid:ID` of a bzr branch, or its number where the id cannot be written as an option; `sha256`
// is that of a file. An option `asked` keeps what the collect file itself said (`branch:NAME`,
// `revno:NAME`), so that a lock notices when that changes.

/// The line at the revision that was collected.
[[nodiscard]] CollectLine lock_line(const CollectItem& item);

/// `lines` with the revisions of the lock. Exit code `config` when it is out of date: a line is
/// missing, is one too many, or has another source or other options.
[[nodiscard]] Result<std::vector<CollectLine>> take_lock(const std::vector<CollectLine>& lines,
                                                         const std::vector<CollectLine>& locked);

/// Writes the lock of all items; the file is the old or the new one, never half.
[[nodiscard]] Result<> write_lock(const std::filesystem::path& file,
                                  const std::vector<CollectItem>& items, Time when);

}  // namespace cdctl::mojo
