#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cdctl {

/// Lower-case hex of SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// `bytes` random bytes from the kernel as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace cdctl
