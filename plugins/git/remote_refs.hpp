#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

/// The refs of a repository that fit one of these patterns, by name, as they are now: of one on
/// this machine from its files, where those say all of it, otherwise by `git ls-remote`. A
/// repository may have any number of others. Exit code `unknown`.
[[nodiscard]] Result<std::map<std::string, std::string>> listed_refs(
    const Address& address, const std::vector<std::string>& patterns, const Deadline& deadline);
/// The same by `git ls-remote` alone.
[[nodiscard]] Result<std::map<std::string, std::string>> remote_refs(
    const Address& address, const std::vector<std::string>& patterns, const Deadline& deadline);

}  // namespace cdctl::git
