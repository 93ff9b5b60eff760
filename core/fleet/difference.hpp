#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::fleet {

/// A set and what it was made from, whether it is there or a tombstone tells.
struct Made {
  SetName set;
  Sources sources;
};

/// The one set that a selector means, reaped ones included. Exit code `failed` when it means none
/// that is known, or several.
[[nodiscard]] Result<Made> find_made(app::Context& context, Fleet& fleet, const Selector& selector);

/// The set of its service that came before it, by the first time each did; empty for the first.
[[nodiscard]] std::optional<Made> made_before(const ServiceView& view, const SetName& set);

/// Writes a `cdctl.commit/1` for each commit between two sets of a service, source by source, the
/// newest first, `most` of a source; and for each source that has changed and has no commits. What
/// cannot be read is an error record. False when they are made of the same.
[[nodiscard]] bool write_difference(app::Context& context, const ServiceConfig& service,
                                    const Made& from, const Made& to, std::size_t most,
                                    const Deadline& deadline);

}  // namespace cdctl::fleet
