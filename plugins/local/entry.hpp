#pragma once

#include <optional>

#include <cdctl/error.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

/// Takes a lock (`lock` or `op`) of a set's folder. Empty when the folder is not there, or goes
/// while we wait. Exit code `timeout` at the deadline; `interrupted` or `terminated` when we were
/// asked to stop meanwhile.
[[nodiscard]] Result<std::optional<OfdLock>> enter(const SetPaths& paths, const char* lock,
                                                   const Deadline& deadline);
/// The same, but makes the folder where it is not there, so that the lock is never missing.
[[nodiscard]] Result<OfdLock> enter_or_make(const SetPaths& paths, const char* lock,
                                            const Deadline& deadline);

}  // namespace cdctl::local
