#pragma once

#include <optional>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/halt.hpp"
#include "plugins/local/paths.hpp"

namespace cdctl::local {

// The end of a set's folder, for whoever holds its `lock` and `op`.

/// Makes the file `reaping`. On a disk so full that no name can be made, one that we no longer need
/// gets it.
[[nodiscard]] Result<> mark_reaping(const SetPaths& paths);
/// When its reap began: TERM was sent then.
[[nodiscard]] std::optional<Time> reaping_since(const SetPaths& paths);
/// Exit code `failed`, naming the processes that may be workers, where nobody can prove that none
/// is left.
[[nodiscard]] Result<> prove_gone(const SetPaths& paths, const Halted& halted);
/// What no sweep can tell: a process that has left the session, the environment and the folder of
/// its set, and whose supervisor is no more. To be said once the folder is removed; empty when all
/// is known. Call before.
[[nodiscard]] std::string unproven(const SetPaths& paths, const Halted& halted);
/// A removal that is killed leaves a set that is being reaped, or debris.
[[nodiscard]] Result<> remove_folder(const SetPaths& paths);

}  // namespace cdctl::local
