#pragma once

#include <vector>

#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::probe {

/// Sets on their way in or out have nothing to show yet, or no more.
[[nodiscard]] bool worth_a_look(const fleet::SetView& set);
/// The probes of a service: those of its switches and its engine, and of each other plugin that it
/// has a table for.
[[nodiscard]] std::vector<std::string> probes_of(app::Context& context,
                                                 const ServiceConfig& service);

/// One look at the sets that the selectors mean (all when there are none): every probe that their
/// engines and switches have, and the checks of their services. Gives whole `cdctl.signal/1`
/// records. What could not be asked is reported as a record of its service, and does not keep the
/// rest from being looked at.
[[nodiscard]] Result<std::vector<Json>> probe_round(app::Context& context,
                                                    const std::vector<fleet::Selector>& selectors,
                                                    const Deadline& deadline);

}  // namespace cdctl::probe
