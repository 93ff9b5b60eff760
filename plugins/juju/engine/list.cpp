// What the engine reads: all sets of the controller, or one with its units.

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr std::string_view k_attempt = "listing the sets";

/// A model that has the name of a set.
struct Candidate {
  const ModelItem* model;
  SetName set;
  std::optional<Tags> tags;  ///< empty: not read yet
};

std::vector<Candidate> candidates_in(const Listing& listing,
                                     std::optional<std::string_view> service) {
  std::vector<Candidate> out;
  for (const auto& model : listing.models) {
    auto set = parse_set_name(short_name(model));
    if (set && !model.is_controller && (!service || set->service == *service))
      out.push_back({&model, std::move(*set), {}});
  }
  return out;
}

/// The models of a list, the sets among them, and what this machine remembers of them.
class Reading {
 public:
  Reading(Host& host, const Place& place, const Deadline& deadline)
      : host_(host), place_(place), access_(place.by(deadline)) {}

  Result<std::vector<SetStatus>> sets(std::optional<std::string_view> service) {
    auto listing = list_models(access_, k_attempt);
    if (!listing) return fail(listing.error().error);
    CDCTL_TRY(check_absent(*listing, service));
    auto candidates = candidates_in(*listing, service);
    CDCTL_TRY(read_missing(*listing, candidates, service));
    std::vector<SetStatus> out;
    for (const auto& candidate : candidates) {
      if (!candidate.tags) continue;
      const auto metadata = metadata_of(*candidate.tags);
      if (metadata.set == candidate.set.str())
        out.push_back(status_of(host_, place_, candidate.set, *candidate.model, metadata));
    }
    CDCTL_TRY(add_shared_sets(host_, place_, access_, *listing, service, out));
    return sorted(std::move(out));
  }

 private:
  /// What somebody else saw and this user does not is not gone.
  Result<> check_absent(const Listing& listing, std::optional<std::string_view> service) {
    for (const auto& uuid : list_seen(place_)) {
      if (listing.find(uuid)) continue;
      const auto seen = read_seen(place_, uuid);
      const auto set = seen ? parse_set_name(metadata_of(seen->tags).set) : std::nullopt;
      if (seen && set && (!service || set->service == *service) &&
          !seen->judged_by(listing, place_.user)) {
        return fail(
            ExitCode::unknown,
            fmt::format("{}: {} saw the model of {}, {} does not, which does not prove that it is "
                        "gone; log in as {}, or remove {} when it is",
                        k_attempt, seen->user.empty() ? "another user" : seen->user, set->str(),
                        place_.user.empty() ? "this one" : place_.user,
                        seen->user.empty() ? "that user" : seen->user, place_.seen(uuid).string()));
      }
      forget_seen(place_, uuid);
    }
    return {};
  }

  Result<> read_missing(const Listing& listing, std::vector<Candidate>& candidates,
                        std::optional<std::string_view> service) {
    std::vector<Candidate*> asked;
    std::vector<NamedQuestion> questions;
    for (auto& candidate : candidates) {
      if (auto seen = read_seen(place_, candidate.model->uuid)) {
        candidate.tags = std::move(seen->tags);
        continue;
      }
      if (auto leaving = tags_of_leaving(place_, candidate.set, *candidate.model)) {
        candidate.tags = std::move(leaving);
        continue;
      }
      asked.push_back(&candidate);
      questions.push_back({tags_question(place_.model(candidate.model->uuid)),
                           fmt::format("reading the tags of model {}", candidate.model->name)});
    }
    auto answers = juju_calls(access_, questions);
    for (std::size_t i = 0; i < asked.size(); ++i)
      CDCTL_TRY(take(listing, *asked[i], answers[i], service.has_value()));
    return {};
  }

  Result<> take(const Listing& listing, Candidate& candidate, Asked<Answer>& answer, bool wanted) {
    auto tags =
        answer ? parse_tags(answer->json) : Result<Tags>(std::unexpected(answer.error().error));
    if (tags) {
      candidate.tags = std::move(*tags);
      const auto written = note_seen(place_, listing.all, *candidate.model, *candidate.tags);
      if (!written) host_.log(Level::debug, written.error().what);
      return {};
    }
    // Somebody else's model may have the name of a set that nobody here has
    const bool ours = wanted || host_.config().service(candidate.set.service) ||
                      host_.config().broken.contains(candidate.set.service);
    if (!ours && !answer && answer.error().trouble == Trouble::not_allowed) {
      host_.log(Level::debug, tags.error().what);
      return {};
    }
    return answer ? fail(tags.error().in(
                        fmt::format("reading the tags of model {}", candidate.model->name)))
                  : fail(tags.error());
  }

  static Result<std::vector<SetStatus>> sorted(std::vector<SetStatus> sets) {
    std::ranges::sort(sets, {}, &SetStatus::name);
    const auto twin = std::ranges::adjacent_find(sets, {}, &SetStatus::name);
    if (twin == sets.end()) return sets;
    return fail(ExitCode::unknown,
                fmt::format("{}: {} is there twice, in {} and {}; destroy one of them by hand",
                            k_attempt, twin->name.str(), twin->detail["model"].as_string(),
                            (twin + 1)->detail["model"].as_string()));
  }

  Host& host_;
  const Place& place_;
  Access access_;
};

/// Whether it is cut is for people here: that it could not be read is a line, and no answer.
void add_world(Host& host, SetStatus& to, const WorldSet& world_set, const Deadline& deadline) {
  const auto world = read_world(world_set, deadline);
  if (!world) return host.log(Level::debug, world.error().what);
  to.world_cut = world->cut;
  to.detail.set("world", world->details);
}

}  // namespace

Result<> JujuEngine::ready() const {
  if (!place_) return fail(place_.error());
  return {};
}

Result<std::vector<SetStatus>> JujuEngine::do_list(std::optional<std::string_view> service,
                                                   const Deadline& deadline) {
  CDCTL_TRY(ready());
  return Reading(host_, *place_, deadline).sets(service);
}

Result<SetStatus> JujuEngine::do_describe(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "looking at " + set.str();
  const auto access = place_->by(deadline);
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *place_, access, set, attempt));
  if (settings.isolation == Isolation::application) {
    CDCTL_TRY_ASSIGN(auto shared, read_shared(*place_, access, settings, attempt));
    CDCTL_TRY_ASSIGN(auto out, shared_set_status(host_, *place_, set, shared));
    if (out.state != "absent")
      add_world(host_, out, world_set(*place_, access, set, settings, shared.model.uuid), deadline);
    return out;
  }
  CDCTL_TRY_ASSIGN(const auto located, locate(*place_, access, set, attempt));
  if (!located.model) return bare_status(host_, *place_, set);
  auto out = status_of(host_, *place_, set, *located.model, located.metadata);
  const auto status = read_status(access, place_->model(located.model->uuid), attempt);
  if (!status && out.state != "reaping") return fail(status.error().error);
  if (status) add_units(out, *status, {}, located.metadata.units);
  if (status && out.state != "reaping")
    add_world(host_, out, world_set(*place_, access, set, settings, located.model->uuid), deadline);
  return out;
}

}  // namespace cdctl::juju
