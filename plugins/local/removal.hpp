#pragma once

#include <cdctl/error.hpp>

#include "plugins/local/halt.hpp"
#include "plugins/local/paths.hpp"

namespace cdctl::local {

// The end of a set's folder, for whoever holds its `lock` and `op`.

/// Makes the file `reaping`. On a disk so full that no name can be made, one that we no longer need
/// gets it.
[[nodiscard]] Result<> mark_reaping(const SetPaths& paths);
/// Exit code `failed`, naming the processes that may be workers, where nobody can prove that none
/// is left.
[[nodiscard]] Result<> prove_gone(const SetPaths& paths, const Halted& halted);
/// A removal that is killed leaves a set that is being reaped, or debris.
[[nodiscard]] Result<> remove_folder(const SetPaths& paths);

}  // namespace cdctl::local
