#pragma once

#include <cdctl/config.hpp>

#include "core/config/check.hpp"
#include "core/files/toml_file.hpp"

namespace cdctl::config {

/// Reads `[scale]` of a service's file.
void read_scale(const files::TomlFile& file, ServiceConfig& out, Problems& problems);
/// Reads `memory` and `cpu` of a service's file.
void read_limits(const files::TomlFile& file, ServiceConfig& out, Problems& problems);

}  // namespace cdctl::config
