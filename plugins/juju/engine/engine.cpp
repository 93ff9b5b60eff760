#include "plugins/juju/engine/engine.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/deploy/claim.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/reap.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/tags.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr std::string_view k_attempt = "listing the sets";
constexpr Millis k_first_look(250), k_longest_between_looks(2000);

/// A model that has the name of a set.
struct ModelCandidate {
  const ModelItem* model;
  SetName set;
  std::optional<Tags> tags;  ///< empty: not read yet
};

std::vector<ModelCandidate> candidates_in(const Listing& listing,
                                          std::optional<std::string_view> service) {
  std::vector<ModelCandidate> out;
  for (const auto& model : listing.models) {
    auto set = parse_set_name(short_name(model));
    if (set && !model.is_controller && (!service || set->service == *service))
      out.push_back({&model, std::move(*set), {}});
  }
  return out;
}

/// The models of a list, the sets among them, and what this machine remembers of them.
class SetLister {
 public:
  SetLister(Host& host, const ControllerHome& home, const Deadline& deadline)
      : host_(host), home_(home), access_(home.by(deadline)) {}

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
        out.push_back(status_of(host_, home_, candidate.set, *candidate.model, metadata));
    }
    CDCTL_TRY(add_shared_sets(host_, home_, access_, *listing, service, out));
    return sorted(std::move(out));
  }

 private:
  /// What somebody else saw and this user does not is not gone.
  Result<> check_absent(const Listing& listing, std::optional<std::string_view> service) {
    for (const auto& uuid : list_seen(home_)) {
      if (listing.find(uuid)) continue;
      const auto seen = read_seen(home_, uuid);
      const auto set = seen ? parse_set_name(metadata_of(seen->tags).set) : std::nullopt;
      if (seen && set && (!service || set->service == *service) &&
          !seen->judged_by(listing, home_.user)) {
        return fail(
            ExitCode::unknown,
            fmt::format("{}: {} saw the model of {}, {} does not, which does not prove that it is "
                        "gone; log in as {}, or remove {} when it is",
                        k_attempt, seen->user.empty() ? "another user" : seen->user, set->str(),
                        home_.user.empty() ? "this one" : home_.user,
                        seen->user.empty() ? "that user" : seen->user, home_.seen(uuid).string()));
      }
      forget_seen(home_, uuid);
    }
    return {};
  }

  Result<> read_missing(const Listing& listing, std::vector<ModelCandidate>& candidates,
                        std::optional<std::string_view> service) {
    std::vector<ModelCandidate*> asked;
    std::vector<NamedQuestion> questions;
    for (auto& candidate : candidates) {
      if (auto seen = read_seen(home_, candidate.model->uuid)) {
        candidate.tags = std::move(seen->tags);
        continue;
      }
      if (auto leaving = tags_of_leaving(home_, candidate.set, *candidate.model)) {
        candidate.tags = std::move(leaving);
        continue;
      }
      asked.push_back(&candidate);
      questions.push_back({tags_question(home_.model(candidate.model->uuid)),
                           fmt::format("reading the tags of model {}", candidate.model->name)});
    }
    auto answers = juju_calls(access_, questions);
    for (std::size_t i = 0; i < asked.size(); ++i)
      CDCTL_TRY(take(listing, *asked[i], answers[i], service.has_value()));
    return {};
  }

  Result<> take(const Listing& listing, ModelCandidate& candidate, Asked<JujuAnswer>& answer,
                bool wanted) {
    auto tags =
        answer ? parse_tags(answer->json) : Result<Tags>(std::unexpected(answer.error().error));
    if (tags) {
      candidate.tags = std::move(*tags);
      const auto written = note_seen(home_, listing.all, *candidate.model, *candidate.tags);
      if (!written) host_.log(Level::debug, written.error().what);
      return {};
    }
    // Somebody else's model can have the name of a set that nobody here has
    const bool ours = wanted || host_.config().service(candidate.set.service) ||
                      host_.config().broken.contains(candidate.set.service);
    if (!ours && !answer && answer.error().kind == FailureKind::not_allowed) {
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
  const ControllerHome& home_;
  Access access_;
};

/// Whether it is cut is for people here: that it could not be read is a line, and no answer.
void add_world(Host& host, SetStatus& to, const WorldSet& world_set, const Deadline& deadline) {
  const auto world = read_world(world_set, deadline);
  if (!world) return host.log(Level::debug, world.error().what);
  to.world_cut = world->cut;
  to.detail.set("world", world->details);
}

/// What a cut has to know of a set.
WorldSet world_set(const ControllerHome& home, const Access& access, const SetName& set,
                   const JujuSettings& settings, const std::string& model_uuid) {
  return {access, set.str(), model_uuid, settings, home.set(set).cut()};
}

/// What a cut remembers is written into the model's configuration. A right that Juju does not say
/// is not refused: the act tells.
Result<> check_right(const ModelItem& model, bool administrator, std::string_view attempt) {
  if (administrator || model.access.empty() || model.access == "admin") return {};
  return fail(
      ExitCode::refused,
      fmt::format("{}: the right on {} is '{}', and it needs 'admin'; juju grant USER admin {}",
                  attempt, model.name, printable(model.access, 20), model.name));
}

/// The set, as a cut or mend of it needs to know it; nothing when there is no such set.
Result<std::optional<WorldSet>> set_to_change(const Host& host, const ControllerHome& home,
                                              const SetName& set, std::string_view attempt,
                                              const Deadline& deadline) {
  const auto access = home.by(deadline);
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host, home, access, set, attempt));
  if (settings.isolation == Isolation::application) {
    CDCTL_TRY_ASSIGN(const auto shared, read_shared(home, access, settings, attempt));
    if (!shared.find(set)) return std::nullopt;
    CDCTL_TRY(check_right(shared.model, shared.all, attempt));
    return world_set(home, access, set, settings, shared.model.uuid);
  }
  CDCTL_TRY_ASSIGN(const auto located, locate(home, access, set, attempt));
  if (!located.model) return std::nullopt;
  CDCTL_TRY(check_right(*located.model, located.all, attempt));
  return world_set(home, access, set, settings, located.model->uuid);
}

}  // namespace

Result<> JujuEngine::ready() const {
  if (!home_) return fail(home_.error());
  return {};
}

Result<std::vector<SetStatus>> JujuEngine::do_list(std::optional<std::string_view> service,
                                                   const Deadline& deadline) {
  CDCTL_TRY(ready());
  return SetLister(host_, *home_, deadline).sets(service);
}

Result<SetStatus> JujuEngine::do_describe(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "looking at " + set.str();
  const auto access = home_->by(deadline);
  CDCTL_TRY_ASSIGN(const auto settings, settings_of_set(host_, *home_, access, set, attempt));
  if (settings.isolation == Isolation::application) {
    CDCTL_TRY_ASSIGN(auto shared, read_shared(*home_, access, settings, attempt));
    CDCTL_TRY_ASSIGN(auto out, shared_set_status(host_, *home_, set, shared));
    if (out.state != "absent")
      add_world(host_, out, world_set(*home_, access, set, settings, shared.model.uuid), deadline);
    return out;
  }
  CDCTL_TRY_ASSIGN(const auto located, locate(*home_, access, set, attempt));
  if (!located.model) return bare_status(host_, *home_, set);
  auto out = status_of(host_, *home_, set, *located.model, located.metadata);
  const auto status = read_status(access, home_->model(located.model->uuid), attempt);
  if (!status && out.state != "reaping") return fail(status.error().error);
  if (status) add_units(out, *status, {}, located.metadata.units);
  if (status && out.state != "reaping")
    add_world(host_, out, world_set(*home_, access, set, settings, located.model->uuid), deadline);
  return out;
}

Result<std::unique_ptr<Claim>> JujuEngine::do_claim(const SetName& set, const Sources& sources,
                                                    Time deployed_at, const Deadline& deadline) {
  CDCTL_TRY(ready());
  return JujuClaim::make(host_, *home_, set, sources, deployed_at, deadline);
}

Result<Step> JujuEngine::do_cut(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "cutting " + set.str() + " from the world";
  CDCTL_TRY_ASSIGN(const auto there, set_to_change(host_, *home_, set, attempt, deadline));
  return there ? cut_world(*there, "by " + host_.actor(), deadline)
               : Result<Step>(Step{"juju", false});
}

Result<Step> JujuEngine::do_mend(const SetName& set, bool, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "mending " + set.str();
  CDCTL_TRY_ASSIGN(const auto there, set_to_change(host_, *home_, set, attempt, deadline));
  return there ? mend_world(*there, deadline) : Result<Step>(Step{"juju", false});
}

Result<Step> JujuEngine::do_stop(const SetName& set, Millis grace, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "stopping " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(home_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings,
                   settings_of_set(host_, *home_, home_->by(deadline), set, attempt));
  return Reap(host_, *home_, set, std::move(settings), attempt, deadline).stop(grace);
}

Result<Stopping> JujuEngine::do_begin_stop(const SetName& set, const Grace& grace,
                                           const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto before = stopping_.find(set);
  if (before != stopping_.end() && now() < before->second.next &&
      before->second.grace.otherwise == grace.otherwise && before->second.grace.own == grace.own)
    return before->second.last;
  const auto attempt = "stopping " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(home_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings,
                   settings_of_set(host_, *home_, home_->by(deadline), set, attempt));
  CDCTL_TRY_ASSIGN(auto stopping, Reap(host_, *home_, set, std::move(settings), attempt, deadline)
                                      .begin_stop(grace, before != stopping_.end()));
  if (stopping.done) {
    stopping_.erase(set);
    return stopping;
  }
  const auto pause = before == stopping_.end()
                         ? k_first_look
                         : std::min(before->second.pause * 2, k_longest_between_looks);
  auto next = now() + pause;
  if (stopping.until) next = std::min(next, *stopping.until);
  stopping_.insert_or_assign(set, StopLook{grace, stopping, next, pause});
  return stopping;
}

Result<Step> JujuEngine::do_destroy(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "removing " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(home_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings,
                   settings_of_set(host_, *home_, home_->by(deadline), set, attempt));
  return Reap(host_, *home_, set, std::move(settings), attempt, deadline).destroy();
}

}  // namespace cdctl::juju
