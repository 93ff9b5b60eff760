#pragma once

#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::local {

/// Writes a file (0600) beside its name and renames it there: readers see the old or the new one.
/// No fsync, since what the supervisor writes means nothing after the machine went down. On a full
/// disk the bytes go over those of the file that is there, which needs no room: a reader may then,
/// for a moment, see a torn one.
[[nodiscard]] Result<> write_quickly(const char* name, std::string_view bytes);

}  // namespace cdctl::local
