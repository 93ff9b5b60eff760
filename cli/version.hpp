#pragma once

#include <string_view>

namespace cdctl::cli {

/// The version of this program, `1.2.3`. Its file alone says it, so that a test can link the
/// program of the next one.
[[nodiscard]] std::string_view version();

}  // namespace cdctl::cli
