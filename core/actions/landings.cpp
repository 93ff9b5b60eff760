#include "core/actions/landings.hpp"

#include <vector>

#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/land/landed.hpp"

namespace cdctl::actions {

namespace {

constexpr Millis k_read_commits(5000);

}  // namespace

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

void tell_commits(app::Context& context, const ServiceConfig& service, const SetName& set,
                  const Sources& sources, const Deadline& deadline, Outcome& outcome) {
  if (!fleet::kept_commits(context, set).is_null()) return tell_commits(context, set, outcome);
  const auto commits =
      fleet::known_commits(context, service, sources, deadline.at_most(k_read_commits));
  if (commits.members().empty()) return;
  if (!outcome.dry_run()) fleet::keep_commits(context, set, commits);
  outcome.set("commits", fleet::commit_list(commits));
}

void tell_commits(const app::Context& context, const SetName& set, Outcome& outcome) {
  if (const auto commits = fleet::kept_commits(context, set); !commits.is_null())
    outcome.set("commits", fleet::commit_list(commits));
}

}  // namespace cdctl::actions
