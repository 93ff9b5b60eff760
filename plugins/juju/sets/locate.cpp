#include "plugins/juju/sets/locate.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/juju/sets/seen.hpp"

namespace cdctl::juju {

std::optional<Tags> tags_of_leaving(const ControllerHome& home, const SetName& set,
                                    const ModelItem& model) {
  const auto reaping = dying(model) ? read_reaping(home.set(set)) : std::nullopt;
  if (!reaping || reaping->model != model.uuid) return {};
  Metadata metadata;
  metadata.set = set.str();
  metadata.state = "reaping";
  metadata.reaping_since = reaping->since;
  return with_metadata({}, metadata);
}

Result<Located> locate(const ControllerHome& home, const Access& access, const SetName& set,
                       std::string_view attempt) {
  const auto listing = list_models(access, attempt);
  if (!listing) return fail(listing.error().error);
  Located out;
  out.all = listing->all;
  for (const auto& model : listing->models) {
    if (short_name(model) != set.str() || model.is_controller) continue;
    auto tags = read_tags(access, home.model(model.uuid), attempt);
    if (tags)
      (void)note_seen(home, listing->all, model,
                      *tags);  // the next `ls` asks when it cannot be written
    const auto leaving = tags ? std::nullopt : tags_of_leaving(home, set, model);
    if (!tags && !leaving) return fail(tags.error().error);
    if (!tags) tags = *leaving;
    auto metadata = metadata_of(*tags);
    if (metadata.set != set.str()) {
      out.strangers.push_back(model);
      continue;
    }
    if (out.model)
      return fail(
          ExitCode::unknown,
          fmt::format("{}: models {} and {} both say that they are {}; destroy one of them by hand",
                      attempt, out.model->uuid, model.uuid, set.str()));
    out.model = model;
    out.tags = std::move(*tags);
    out.metadata = std::move(metadata);
  }
  return out;
}

Result<JujuSettings> settings_of_set(const Host& host, const ControllerHome& home,
                                     const Access& access, const SetName& set,
                                     std::string_view attempt) {
  CDCTL_TRY_ASSIGN(auto settings, settings_for(host, set.service));
  if (settings.isolation == Isolation::model) return settings;
  CDCTL_TRY_ASSIGN(const auto located, locate(home, access, set, attempt));
  if (located.model) settings.isolation = Isolation::model;
  return settings;
}

Result<ModelItem> find_shared_model(const ControllerHome& home, const Listing& listing,
                                    const JujuSettings& settings) {
  CDCTL_TRY_ASSIGN(const auto address, parse_model_address(settings.model));
  if (!address.controller.empty() && address.controller != home.access.controller) {
    return fail(ExitCode::config,
                fmt::format("[juju] model: {} is of controller {}, this home is of {}; set [juju] "
                            "controller of cdctl.toml",
                            settings.model, address.controller, home.access.controller));
  }
  const auto found = models_called(listing.models, address);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return fail(ExitCode::unknown, fmt::format("[juju] model: this user sees no model {}; make it "
                                               "with juju add-model, or ask for access to it",
                                               settings.model));
  return fail(ExitCode::unknown,
              fmt::format("[juju] model: {} models are called {}; say OWNER/NAME", found.size(),
                          settings.model));
}

const Application* SharedModel::find(const SetName& set) const {
  const auto at = std::ranges::find_if(status.applications, [&](const Application& one) {
    return one.name == set.str() && one.kind != ApplicationKind::remote;
  });
  return at == status.applications.end() ? nullptr : &*at;
}

Result<SharedModel> read_shared(const ControllerHome& home, const Access& access,
                                const JujuSettings& settings, std::string_view attempt) {
  const auto listing = list_models(access, attempt);
  if (!listing) return fail(listing.error().error);
  CDCTL_TRY_ASSIGN(auto model, find_shared_model(home, *listing, settings));
  auto status = read_status(access, home.model(model.uuid), attempt);
  if (!status) return fail(status.error().error);
  auto tags = read_tags(access, home.model(model.uuid), attempt);
  if (!tags) return fail(tags.error().error);
  return SharedModel{std::move(model), std::move(*status), std::move(*tags), listing->all};
}

}  // namespace cdctl::juju
