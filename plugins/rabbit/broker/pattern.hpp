#pragma once

#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::rabbit {

/// Whether a regular expression of the broker's (of a policy, of a permission) matches somewhere in
/// a name. It is read as the broker's own engine reads it, PCRE over bytes, and takes a few
/// milliseconds at most: one that would take longer, or that cannot be read, is an error.
[[nodiscard]] Result<bool> matches(std::string_view pattern, std::string_view name);

}  // namespace cdctl::rabbit
