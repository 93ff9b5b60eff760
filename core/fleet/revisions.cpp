#include "core/fleet/revisions.hpp"

#include <cdctl/source.hpp>

#include "core/fleet/newest_sources.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::fleet {

Result<bool> is_to_come(app::Context& context, const ServiceView& view, const SetName& set,
                        const Deadline& deadline) {
  const auto* config = context.config().service(set.service);
  if (!config) return false;
  const auto newest = newest_sources(context, {config}, deadline);
  const auto& sources = newest.at(config->name);
  if (sources) return revision_id(*sources) == set.revision;
  if (view.gone.contains(set.str())) return false;
  return std::unexpected(sources.error());
}

Result<> check_revision(app::Context& context, const ServiceConfig& service, const SetName& set,
                        const Deadline& deadline) {
  Fleet fleet(context);
  fleet.load({service.name}, deadline);
  const auto& view = *fleet.service(service.name);
  if (view.set(set) || view.gone.contains(set.str())) return {};
  if (view.error) return std::unexpected(*view.error);
  CDCTL_TRY_ASSIGN(const bool ahead, is_to_come(context, view, set, deadline));
  return ahead ? Result<>() : std::unexpected(never_was(context, &view, set));
}

}  // namespace cdctl::fleet
