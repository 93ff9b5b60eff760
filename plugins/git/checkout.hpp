#pragma once

#include <filesystem>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/first_fetch.hpp"
#include "plugins/git/git_progress.hpp"

namespace cdctl::git {

/// Makes `into` a work tree of its own at exactly `commit`, with all submodules, from the cached
/// mirror: it shares no file that may change with the mirror, and stays whole when the cache is
/// removed. On failure nothing is left in `into`. `whole`: what a first fetch brought, used when
/// there is no mirror yet. `tell` hears how far a fetch is. Exit codes: `unknown` the repository
/// cannot be reached, `failed` it has no such commit, `timeout`.
[[nodiscard]] Result<> make_checkout(const std::filesystem::path& cache, const Address& address,
                                     std::string_view commit, const std::filesystem::path& into,
                                     const Deadline& deadline,
                                     const WholeRepository* whole = nullptr, Tell tell = {});

}  // namespace cdctl::git
