// The end of a set: mark it, take its applications out of work, and have Juju remove it until that
// is proven.

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/deploy/claim.hpp"
#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/sets/ladder.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_lock.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/sets/tag_change.hpp"
#include "plugins/juju/world/world.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_first_poll(250), k_longest_poll(2000);

/// One stop or destroy of a set whose lock is held.
class Reap {
 public:
  Reap(Host& host, const Place& place, const SetName& set, Settings settings, std::string attempt,
       const Deadline& deadline)
      : host_(host),
        place_(place),
        set_(set),
        settings_(std::move(settings)),
        folder_(place.set(set)),
        attempt_(std::move(attempt)),
        deadline_(deadline),
        access_(place.by(deadline)) {}

  Result<Step> stop(Millis grace) {
    CDCTL_TRY_ASSIGN(const bool there, look());
    if (!there) return Step{"juju", false};
    if (model_ && leaving_) {  // by somebody's hand: nothing is left to be asked for
      CDCTL_TRY(note());
      return Step{"juju", false};
    }
    CDCTL_TRY(check_blocks(access_, place_.model(uuid_), !shares_model(), attempt_));
    CDCTL_TRY_ASSIGN(const bool begun, mark());
    crash_point("juju.stop.marked");
    CDCTL_TRY_ASSIGN(const auto anything, release(grace));
    crash_point("juju.stop.released");
    return Step{"juju", anything || begun};
  }

  Result<Step> destroy() {
    CDCTL_TRY_ASSIGN(const bool there, look());
    const auto noted = read_reaping(folder_);
    if (!there && !noted) {
      CDCTL_TRY(nobody_saw_it());
      if (shares_model()) CDCTL_TRY(drop_tags(uuid_));
      CDCTL_TRY(remove_set_files(place_, set_));
      return Step{"juju", false};
    }
    if (there) CDCTL_TRY(may_go());
    // As it was noted, and not as the service is configured now: a shared model is never destroyed
    const auto going = there ? reaping() : *noted;
    const Doomed doomed{set_, going, going.application, there};
    CDCTL_TRY(climb(host_, place_, settings_, doomed, deadline_));
    crash_point("juju.destroy.gone");
    CDCTL_TRY(forget(doomed));
    return Step{"juju", true,
                Json::object({{"proof", "listing"}, {"model", doomed.reaping.model}})};
  }

 private:
  [[nodiscard]] bool shares_model() const { return settings_.isolation == Isolation::application; }

  /// Whether Juju has the set, asked for just now.
  Result<bool> look() {
    if (shares_model()) {
      CDCTL_TRY_ASSIGN(auto shared, read_shared(place_, access_, settings_, attempt_));
      uuid_ = shared.model.uuid;
      all_ = shared.all;
      work_ = work_of(shared.tags, set_);
      const auto* application = shared.find(set_);
      leaving_ = application && (application->life == "dying" || application->life == "dead");
      return application || !work_.state.empty();
    }
    CDCTL_TRY_ASSIGN(auto located, locate(place_, access_, set_, attempt_));
    all_ = located.all;
    model_ = std::move(located.model);
    work_ = std::move(located.metadata);
    if (model_) uuid_ = model_->uuid;
    leaving_ = model_ && dying(*model_);
    return model_.has_value();
  }

  /// The reap's record: of this model, with the time at which it was begun by whomever.
  [[nodiscard]] Reaping reaping() const {
    return {uuid_, place_.user, all_, work_.reaping_since.value_or(now()),
            shares_model() ? set_.str() : std::string()};
  }
  Result<> note() { return write_reaping(folder_, reaping()); }

  /// Marks it `reaping`, for all machines and then here. True when it was not yet.
  Result<bool> mark() {
    const bool begun = work_.state != "reaping";
    if (begun) CDCTL_TRY(mark_in_tags());
    crash_point("juju.stop.tagged");
    CDCTL_TRY(note());
    return begun;
  }
  Result<> mark_in_tags() {
    CDCTL_TRY_ASSIGN(const auto machine, place_.machine(deadline_));
    forget_seen(place_, uuid_);
    const auto edit = [&](Tags& tags) -> Result<> {
      work_ = shares_model() ? work_of(tags, set_) : metadata_of(tags);
      // Nobody of this machine deploys it: we hold its lock
      if (work_.leased(now()) && work_.machine != machine)
        return fail(ExitCode::refused,
                    fmt::format("{}: {} is deploying it; reap it when that has ended", attempt_,
                                printable(work_.by, 80)));
      work_.state = "reaping";
      if (!work_.reaping_since) work_.reaping_since = now();
      tags = shares_model() ? with_work(std::move(tags), set_, work_)
                            : with_metadata(std::move(tags), work_);
      return {};
    };
    CDCTL_TRY(change_tags(access_, tag_site(uuid_), edit, attempt_));
    return {};
  }
  [[nodiscard]] TagSite tag_site(const std::string& uuid) const {
    return {place_.model(uuid), place_.tags_lock(uuid)};
  }

  /// Removes its applications in good order, and waits until their units are gone, or `grace` is
  /// over.
  Result<bool> release(Millis grace) {
    const auto model = place_.model(uuid_);
    std::vector<std::string> names;
    if (shares_model()) {
      names.push_back(set_.str());
    } else {
      const auto status = read_status(access_, model, attempt_);
      if (!status) return fail(status.error().error);
      for (const auto& application : status->applications)
        if (application.kind == Kind::principal) names.push_back(application.name);
    }
    CDCTL_TRY_ASSIGN(const auto removed,
                     remove_applications(access_, model, names,
                                         {.destroy_storage = settings_.destroy_storage}, attempt_));
    if (!removed.left.empty())
      host_.log(Level::note, fmt::format("{}: application {} is not removed yet: {}", attempt_,
                                         removed.left.front(), removed.why));
    crash_point("juju.stop.told");
    const auto until = deadline_.at_most(grace);
    for (Millis pause = k_first_poll; !until.passed();
         pause = std::min(pause * 2, k_longest_poll)) {
      const auto status = read_status(access_, model, attempt_);
      if (!status) return fail(status.error().error);
      if (idle(*status)) break;
      CDCTL_TRY(wait_a_while(pause, until, attempt_));
    }
    return removed.anything;
  }
  [[nodiscard]] bool idle(const ModelStatus& status) const {
    for (const auto& unit : status.units)
      if (!shares_model() || unit.application == set_.str()) return false;
    return true;
  }

  /// Only what was stopped before is destroyed, as Juju has it and not as this machine remembers;
  /// and what a deploy of this machine has made and put nothing into.
  Result<> may_go() {
    if (leaving_ || work_.state == "reaping") return note();
    CDCTL_TRY_ASSIGN(const bool debris, is_debris());
    if (!debris)
      return fail(
          ExitCode::refused,
          fmt::format(
              "{}: it is not being reaped, perhaps it was deployed again meanwhile; stop it first",
              attempt_));
    return note();
  }
  Result<bool> is_debris() {
    if (shares_model() || work_.served || work_.machine != place_.known_machine() ||
        work_.state == "live")
      return false;
    const auto status = read_status(access_, place_.model(uuid_), attempt_);
    if (!status) return fail(status.error().error);
    return status->applications.empty() && status->units.empty();
  }

  /// What somebody else has seen as a set is not gone because this user does not see it.
  Result<> nobody_saw_it() {
    for (const auto& uuid : list_seen(place_)) {
      const auto seen = read_seen(place_, uuid);
      if (!seen || metadata_of(seen->tags).set != set_.str() ||
          seen->judged_by({{}, all_}, place_.user))
        continue;
      return fail(ExitCode::unknown,
                  fmt::format("{}: {} saw its model {}, and this user does not, which does not "
                              "prove that it is gone; log in as {}",
                              attempt_, seen->user, uuid, seen->user));
    }
    return {};
  }

  Result<> forget(const Doomed& doomed) {
    const auto& uuid = doomed.reaping.model;
    const auto listing =
        doomed.application.empty() ? Asked<Listing>(Listing{}) : list_models(access_, attempt_);
    if (!listing) return fail(listing.error().error);
    if (listing->find(uuid)) {
      CDCTL_TRY(drop_tags(uuid));
    } else {
      forget_seen(place_, uuid);
      CDCTL_TRY(remove_tree(place_.tags_lock(uuid)));
    }
    crash_point("juju.destroy.forgotten");
    return remove_set_files(place_, set_);
  }
  /// What a shared model says of the set: that it was worked on, and what its cut remembers.
  Result<> drop_tags(const std::string& uuid) {
    const auto edit = [&](Tags& tags) -> Result<> {
      tags = with_work(std::move(tags), set_, {});
      tags.erase(cut_key(set_.str(), true));
      return {};
    };
    CDCTL_TRY(change_tags(access_, tag_site(uuid), edit, attempt_));
    return {};
  }

  Host& host_;
  const Place& place_;
  const SetName& set_;
  Settings settings_;
  SetFolder folder_;
  std::string attempt_;
  Deadline deadline_;
  Access access_;
  std::optional<ModelItem> model_;
  Metadata work_;  ///< what the tags say of it
  std::string uuid_;
  bool all_ = false;
  bool leaving_ = false;  ///< Juju is removing it
};

}  // namespace

Result<Step> JujuEngine::do_stop(const SetName& set, Millis grace, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "stopping " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(place_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings,
                   settings_of_set(host_, *place_, place_->by(deadline), set, attempt));
  return Reap(host_, *place_, set, std::move(settings), attempt, deadline).stop(grace);
}

Result<Step> JujuEngine::do_destroy(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "removing " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(place_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings,
                   settings_of_set(host_, *place_, place_->by(deadline), set, attempt));
  return Reap(host_, *place_, set, std::move(settings), attempt, deadline).destroy();
}

Result<std::unique_ptr<Claim>> JujuEngine::do_claim(const SetName& set, const Sources& sources,
                                                    Time deployed_at, const Deadline& deadline) {
  CDCTL_TRY(ready());
  return JujuClaim::make(host_, *place_, set, sources, deployed_at, deadline);
}

}  // namespace cdctl::juju
