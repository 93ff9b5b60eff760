#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

/// The newest revision of every source of the services, the implied source `service` included: all
/// sources of one kind are asked at once. A service with a source that cannot be read has an error
/// (exit code `unknown`) that names it.
[[nodiscard]] std::map<std::string, Result<Sources>> newest_sources(
    app::Context& context, const std::vector<const ServiceConfig*>& services,
    const Deadline& deadline);

/// `trunk=REV` of --source, resolved to a full revision of that service's source.
[[nodiscard]] Result<> pin_source(app::Context& context, const ServiceConfig& service,
                                  std::string_view pin, Sources& sources, const Deadline& deadline);

/// The revision of a `file` source: SHA-256 of its bytes.
[[nodiscard]] Result<SourceState> read_file_source(const SourceConfig& source);

}  // namespace cdctl::fleet
