#pragma once

#include <string_view>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/roles.hpp>

#include "core/plugins/host.hpp"

namespace cdctl::cli {

/// What doctor looks at without a plugin. Reads modes and limits; changes nothing.

/// The home: that it can be made or written to, whom it lets in, room on its disk.
[[nodiscard]] std::vector<Check> look_at_home(const std::filesystem::path& home);
/// A name that many machines have tells no home from another's. Nothing where it is a good one.
[[nodiscard]] std::vector<Check> look_at_name(std::string_view host);
/// Open files and processes that this user may have.
[[nodiscard]] std::vector<Check> look_at_limits();
/// Who may write to the configuration, and read its secrets.
[[nodiscard]] std::vector<Check> look_at_files(const Config& config, plugins::PluginHost& plugins);
/// Services whose numbers cannot be kept: fewer units than min_live wants.
[[nodiscard]] std::vector<Check> look_at_services(const Config& config);

}  // namespace cdctl::cli
