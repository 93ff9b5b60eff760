#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "plugins/git/address.hpp"

namespace cdctl::git {

/// How a review names its repository: the address that the reviewer's configuration has for it,
/// without the user of an http address, and a folder without its links.
[[nodiscard]] std::string repository_name(const Address& address);

/// Whether a review that names its repository so is of ours. Reached in the same way both have to
/// be the same place; reached in another way (a folder here, ssh there) their hosts have to be, and
/// one path has to end with the other. A target that says by which `other` addresses its
/// repository is known means exactly its own and those.
[[nodiscard]] bool is_repository(std::string_view name, const Address& ours,
                                 std::span<const Address> others);

/// Why a review with this name (empty: an older cdctl gave none) is of another repository, in which
/// the same commit may be proposed by the same topic; empty when it is of ours.
[[nodiscard]] std::string why_elsewhere(std::string_view name, const Address& ours,
                                        std::span<const Address> others);

}  // namespace cdctl::git
