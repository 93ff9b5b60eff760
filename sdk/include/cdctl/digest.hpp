#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl {

/// Lower-case hex of SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// The same of a file, which may be large: it is read in pieces. More than `most` bytes is an
/// error.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& path,
                                                 std::size_t most = 64u << 20);
/// `bytes` random bytes from the kernel as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace cdctl
