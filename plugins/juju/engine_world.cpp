// The engine as a switch: a set's relations to the world, and back.

#include "engine.hpp"
#include "shared_sets.hpp"
#include "world.hpp"

namespace cdctl::juju {

namespace {

/// The set's model, its own or the shared one; nothing when there is no such set.
Result<std::optional<std::string>> model_of(const Place& place, const Access& access, const SetName& set, const Settings& settings, std::string_view attempt) {
  if (settings.isolation == Isolation::application) {
    CDCTL_TRY_ASSIGN(const auto look, read_shared(place, access, settings, attempt));
    return look.find(set) ? std::optional(look.model.uuid) : std::nullopt;
  }
  CDCTL_TRY_ASSIGN(const auto located, locate(place, access, set, attempt));
  return located.model ? std::optional(located.model->uuid) : std::nullopt;
}

}  // namespace

WorldSet world_set(const Place& place, const Access& access, const SetName& set, const Settings& settings, const std::string& model_uuid) {
  return {access, set.str(), model_uuid, settings, place.set(set).cut()};
}

Result<Step> JujuEngine::cut(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto access = place_->by(deadline);
  const auto attempt = "cutting " + set.str() + " from the world";
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *place_, access, set, attempt));
  CDCTL_TRY_ASSIGN(const auto model, model_of(*place_, access, set, settings, attempt));
  if (!model) return Step{"juju", false};
  return cut_world(world_set(*place_, access, set, settings, *model), "by " + host_.actor(), deadline);
}

Result<Step> JujuEngine::mend(const SetName& set, bool, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto access = place_->by(deadline);
  const auto attempt = "mending " + set.str();
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *place_, access, set, attempt));
  CDCTL_TRY_ASSIGN(const auto model, model_of(*place_, access, set, settings, attempt));
  if (!model) return Step{"juju", false};
  return mend_world(world_set(*place_, access, set, settings, *model), deadline);
}

}  // namespace cdctl::juju
