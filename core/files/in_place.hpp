#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::files {

/// A text and what fills it up to a multiple of `size`: a line break, or blanks before its own. The
/// next one of its kind has the same size, and can be written over it.
[[nodiscard]] std::string padded(std::string text, std::size_t size);

/// Replaces a small file, mode 0600. On a full disk one of the same size is written over in place:
/// what was done is remembered there, too.
[[nodiscard]] Result<> replace_small(const std::filesystem::path& path, const std::string& text);

}  // namespace cdctl::files
