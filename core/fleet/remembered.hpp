#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/roles/memory.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/outcome.hpp"

namespace cdctl::fleet {

/// What a memory tells of what was done to sets, whoever did it and from which home: its last
/// deploy and its first, its cuts, the last mend, its reap, what is forced. An outcome for each, in
/// no order; a memory knows neither how long it took nor, of most, who did it.
[[nodiscard]] std::vector<records::Outcome> remembered_outcomes(
    const std::map<std::string, MemoryEntry>& entries);
/// The same of freezes.
[[nodiscard]] std::vector<records::Outcome> remembered_holds(
    const std::map<std::string, Hold>& holds);

/// What all memories of the configuration tell, of the services that are not configured here, too.
/// Of one that cannot be asked a `cdctl.error/1` is written for each of its services.
[[nodiscard]] std::vector<records::Outcome> remembered_by_all(app::Context& context,
                                                              const Deadline& deadline);

/// Whether `told`, an outcome of a log, is what a memory remembers.
[[nodiscard]] bool same_act(const records::Outcome& told, const records::Outcome& remembered);

}  // namespace cdctl::fleet
