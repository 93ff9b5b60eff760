#include "core/actions/landings.hpp"

#include <vector>

#include "core/land/landed.hpp"

namespace cdctl::actions {

void tell_landings(app::Context& context, const SetName& set, const Sources& sources,
                   Memory& memory, const Deadline& deadline, Outcome& outcome) {
  if (!land::landings_of(context, set.str()).is_null()) return tell_landings(context, set, outcome);
  const auto known = memory.read(set.service, deadline);
  if (!known) return;
  std::vector<Sources> before;
  for (const auto& [name, entry] : *known)
    if (entry.set && entry.set->name != set) before.push_back(entry.set->sources);
  const auto brought = land::landings_in(context, sources, before);
  if (brought.items().empty()) return;
  if (!outcome.dry_run()) land::keep_landings(context, set.str(), brought);
  outcome.set("landings", brought);
}

void tell_landings(const app::Context& context, const SetName& set, Outcome& outcome) {
  if (const auto brought = land::landings_of(context, set.str()); !brought.is_null())
    outcome.set("landings", brought);
}

}  // namespace cdctl::actions
