// The engine as a switch: a set's relations to the world, and back.

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

/// What a cut remembers is written into the model's configuration. A right that Juju does not say
/// is not refused: the deed tells.
Result<> check_right(const ModelItem& model, bool administrator, std::string_view attempt) {
  if (administrator || model.access.empty() || model.access == "admin") return {};
  return fail(
      ExitCode::refused,
      fmt::format("{}: the right on {} is '{}', and it needs 'admin'; juju grant USER admin {}",
                  attempt, model.name, printable(model.access, 20), model.name));
}

/// The set's model, its own or the shared one; nothing when there is no such set.
Result<std::optional<std::string>> model_of(const Place& place, const Access& access,
                                            const SetName& set, const Settings& settings,
                                            std::string_view attempt) {
  if (settings.isolation == Isolation::application) {
    CDCTL_TRY_ASSIGN(const auto look, read_shared(place, access, settings, attempt));
    if (!look.find(set)) return std::nullopt;
    CDCTL_TRY(check_right(look.model, look.all, attempt));
    return look.model.uuid;
  }
  CDCTL_TRY_ASSIGN(const auto located, locate(place, access, set, attempt));
  if (!located.model) return std::nullopt;
  CDCTL_TRY(check_right(*located.model, located.all, attempt));
  return located.model->uuid;
}

}  // namespace

WorldSet world_set(const Place& place, const Access& access, const SetName& set,
                   const Settings& settings, const std::string& model_uuid) {
  return {access, set.str(), model_uuid, settings, place.set(set).cut()};
}

Result<Step> JujuEngine::do_cut(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto access = place_->by(deadline);
  const auto attempt = "cutting " + set.str() + " from the world";
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *place_, access, set, attempt));
  CDCTL_TRY_ASSIGN(const auto model, model_of(*place_, access, set, settings, attempt));
  if (!model) return Step{"juju", false};
  return cut_world(world_set(*place_, access, set, settings, *model), "by " + host_.actor(),
                   deadline);
}

Result<Step> JujuEngine::do_mend(const SetName& set, bool, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto access = place_->by(deadline);
  const auto attempt = "mending " + set.str();
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *place_, access, set, attempt));
  CDCTL_TRY_ASSIGN(const auto model, model_of(*place_, access, set, settings, attempt));
  if (!model) return Step{"juju", false};
  return mend_world(world_set(*place_, access, set, settings, *model), deadline);
}

}  // namespace cdctl::juju
