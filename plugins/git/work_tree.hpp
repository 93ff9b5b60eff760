#pragma once

#include <filesystem>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

/// Makes `into` a repository with the objects, branches and tags of the mirror at `mirror`, as `git
/// clone --local` would, but by writing its few files ourselves. Objects are hard links. HEAD is
/// detached at `commit`; nothing is checked out yet. Fails, leaving what it made, where this takes
/// the git program: another file system, another format of ids or refs, borrowed objects.
[[nodiscard]] Result<> make_repository(const std::filesystem::path& mirror, const Address& address,
                                       std::string_view commit, const std::filesystem::path& into,
                                       const Deadline& deadline);

}  // namespace cdctl::git
