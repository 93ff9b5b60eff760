#pragma once

#include <filesystem>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::metrics {

/// What node-exporter reads: the old file or the new one. Removes what earlier runs were killed at.
[[nodiscard]] Result<> write_textfile(const std::filesystem::path& path, std::string_view text);

}  // namespace cdctl::metrics
