#include "plugins/juju/sets/shared_sets.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/set_status.hpp"

namespace cdctl::juju {

namespace {

Question status_question(std::string_view model) {
  return {"status", "-m", std::string(model), "--utc", "--retry-count", "0"};
}

Asked<ModelStatus> take_status(const Asked<Answer>& answer, std::string_view attempt) {
  if (!answer) return std::unexpected(answer.error());
  auto status = parse_status(answer->json);
  if (!status) return std::unexpected(Failure{Trouble::garbled, status.error().in(attempt)});
  return std::move(*status);
}

/// The models that services share, each with its services.
struct Group {
  ModelItem model;
  std::vector<std::string> services;
};

Result<std::map<std::string, Group>> groups(Host& host, const Place& place, const Listing& listing,
                                            std::optional<std::string_view> service) {
  std::map<std::string, Group> out;
  for (const auto& config : host.config().services) {
    if (config.engine != "juju" || (service && config.name != *service)) continue;
    const auto settings = settings_for(host, config.name);
    if (!settings && service) return fail(settings.error());
    if (!settings) {  // one team's slip stops no other team
      host.log(Level::warning, settings.error().what);
      continue;
    }
    if (settings->isolation != Isolation::application) continue;
    CDCTL_TRY_ASSIGN(const auto model, shared_model(place, listing, *settings));
    auto& group = out[model.uuid];
    group.model = model;
    group.services.push_back(config.name);
  }
  return out;
}

Result<> add_group(const Host& host, const Place& place, const Group& group, const SharedLook& look,
                   std::vector<SetStatus>& to) {
  for (const auto& service : group.services) {
    std::set<SetName> names;
    for (const auto& application : look.status.applications) {
      const auto set = parse_set_name(application.name);
      if (set && set->service == service && application.kind != Kind::remote) names.insert(*set);
    }
    for (const auto& set : sets_at_work(
             look.tags))  // their deploy has not come to an application, or it is gone already
      if (set.service == service) names.insert(set);
    for (const auto& name : names) {
      CDCTL_TRY_ASSIGN(auto status, shared_set_status(host, place, name, look));
      if (status.state != "absent") to.push_back(std::move(status));
    }
  }
  return {};
}

}  // namespace

Asked<Json> ask_status(const Access& access, std::string_view model, std::string_view attempt) {
  auto answer = juju_call(access, status_question(model), attempt);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->json["model"].is_object() && answer->json["applications"].is_object())
    return std::move(answer->json);
  return std::unexpected(
      Failure{Trouble::garbled,
              {ExitCode::unknown, fmt::format("{}: the answer is no status of a model", attempt)}});
}

Asked<ModelStatus> read_status(const Access& access, std::string_view model,
                               std::string_view attempt) {
  return take_status(juju_call(access, status_question(model), attempt), attempt);
}

const Application* SharedLook::find(const SetName& set) const {
  const auto at = std::ranges::find_if(status.applications, [&](const Application& one) {
    return one.name == set.str() && one.kind != Kind::remote;
  });
  return at == status.applications.end() ? nullptr : &*at;
}

Result<SharedLook> read_shared(const Place& place, const Access& access, const Settings& settings,
                               std::string_view attempt) {
  const auto listing = list_models(access, attempt);
  if (!listing) return fail(listing.error().error);
  CDCTL_TRY_ASSIGN(auto model, shared_model(place, *listing, settings));
  auto status = read_status(access, place.model(model.uuid), attempt);
  if (!status) return fail(status.error().error);
  auto tags = read_tags(access, place.model(model.uuid), attempt);
  if (!tags) return fail(tags.error().error);
  return SharedLook{std::move(model), std::move(*status), std::move(*tags), listing->all};
}

Result<SetStatus> shared_set_status(const Host& host, const Place& place, const SetName& set,
                                    const SharedLook& look) {
  const auto* application = look.find(set);
  CDCTL_TRY_ASSIGN(auto out, status_of(host, place, set, application, work_of(look.tags, set)));
  out.detail.set("model", look.model.name).set("model_uuid", look.model.uuid);
  if (application) add_units(out, look.status, application->name, {});
  return out;
}

Result<> add_shared_sets(Host& host, const Place& place, const Access& access,
                         const Listing& listing, std::optional<std::string_view> service,
                         std::vector<SetStatus>& to) {
  CDCTL_TRY_ASSIGN(const auto by_model, groups(host, place, listing, service));
  std::vector<NamedQuestion> questions;
  for (const auto& [uuid, group] : by_model) {
    questions.push_back({status_question(place.model(uuid)),
                         fmt::format("reading the status of model {}", group.model.name)});
    questions.push_back({tags_question(place.model(uuid)),
                         fmt::format("reading the tags of model {}", group.model.name)});
  }
  const auto answers = juju_calls(access, questions);
  std::size_t i = 0;
  for (const auto& [uuid, group] : by_model) {
    auto status = take_status(answers[i], questions[i].attempt);
    if (!status) return fail(status.error().error);
    auto tags = take_tags(answers[i + 1], questions[i + 1].attempt);
    if (!tags) return fail(tags.error().error);
    i += 2;
    const SharedLook look{group.model, std::move(*status), std::move(*tags), listing.all};
    CDCTL_TRY(add_group(host, place, group, look, to));
  }
  return {};
}

}  // namespace cdctl::juju
