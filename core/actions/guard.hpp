#pragma once

#include <map>
#include <optional>
#include <string>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

/// Live units of a service, by set: units of live and uncut sets. Where a broker is a switch they
/// are counted there: units of uncut sets that hold a connection. Exit code `unknown` when it
/// cannot be counted.
[[nodiscard]] Result<std::map<std::string, std::int64_t>> live_units(app::Context& context,
                                                                     const fleet::ServiceView& view,
                                                                     const Deadline& deadline);

[[nodiscard]] std::int64_t sum_of(const std::map<std::string, std::int64_t>& live);

/// Exit code `refused` when the service would have less than min_live without `set`, counted after
/// the action. `before`: what was live when the action began, where `live` was counted later.
[[nodiscard]] Result<> guard_min_live(const ServiceConfig& service, const SetName& set,
                                      const std::map<std::string, std::int64_t>& live,
                                      std::optional<std::int64_t> before = std::nullopt);

}  // namespace cdctl::actions
