// The end of a set: mark it, take its applications out of work, and have Juju remove it until that is proven.

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/process.hpp>

#include "claim.hpp"
#include "engine.hpp"
#include "ladder.hpp"
#include "seen.hpp"
#include "set_lock.hpp"
#include "set_status.hpp"
#include "shared_sets.hpp"
#include "world.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_first_poll(250), k_longest_poll(2000);

/// One stop or destroy of a set whose lock is held.
class Reap {
 public:
  Reap(Host& host, const Place& place, const SetName& set, Settings settings, std::string attempt, const Deadline& deadline)
      : host_(host), place_(place), set_(set), settings_(std::move(settings)), folder_(place.set(set)), attempt_(std::move(attempt)), deadline_(deadline), access_(place.by(deadline)) {}

  Result<Step> stop(Millis grace) {
    CDCTL_TRY_ASSIGN(const bool there, look());
    if (!there) return Step{"juju", false};
    if (model_ && dying(*model_)) {  // by somebody's hand: nothing is left to be asked for
      CDCTL_TRY(note());
      return Step{"juju", false};
    }
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
      CDCTL_TRY(remove_set_files(place_, set_));
      return Step{"juju", false};
    }
    if (there) CDCTL_TRY(may_go(noted));
    // As it was noted, and not as the service is configured now: a shared model is never destroyed
    const auto going = there ? reaping() : *noted;
    const Doomed doomed{set_, going, going.application, there};
    CDCTL_TRY(climb(host_, place_, settings_, doomed, deadline_));
    crash_point("juju.destroy.gone");
    CDCTL_TRY(forget(doomed));
    return Step{"juju", true, Json::object({{"proof", "listing"}, {"model", doomed.reaping.model}})};
  }

 private:
  [[nodiscard]] bool shares_model() const { return settings_.isolation == Isolation::application; }

  /// Whether Juju has the set, asked for just now.
  Result<bool> look() {
    if (shares_model()) {
      CDCTL_TRY_ASSIGN(auto shared, read_shared(place_, access_, settings_, attempt_));
      uuid_ = shared.model.uuid;
      all_ = shared.all;
      return shared.find(set_) != nullptr;
    }
    CDCTL_TRY_ASSIGN(auto located, locate(place_, access_, set_, attempt_));
    all_ = located.all;
    model_ = std::move(located.model);
    tags_ = std::move(located.tags);
    if (model_) uuid_ = model_->uuid;
    return model_.has_value();
  }

  /// The reap's record: of this model, with the time at which it was begun by whomever.
  [[nodiscard]] Reaping reaping() const {
    const auto noted = read_reaping(folder_);
    const auto metadata = metadata_of(tags_);
    auto since = metadata.reaping_since.value_or(now());
    if (noted && noted->model == uuid_) since = std::min(since, noted->since);
    return {uuid_, place_.user, all_, since, shares_model() ? set_.str() : std::string()};
  }
  Result<> note() { return write_reaping(folder_, reaping()); }

  /// Marks it `reaping`, here and for all other machines. True when it was not yet.
  Result<bool> mark() {
    if (shares_model()) {
      const bool begun = !read_reaping(folder_).has_value();
      CDCTL_TRY(note());
      return begun;
    }
    auto m = metadata_of(tags_);
    CDCTL_TRY_ASSIGN(const auto machine, place_.machine());
    // Nobody of this machine deploys it: we hold its lock
    if (m.leased(now()) && m.machine != machine) return fail(ExitCode::refused, fmt::format("{}: {} is deploying it; reap it when that has ended", attempt_, printable(m.by, 80)));
    const bool begun = m.state != "reaping";
    m.state = "reaping";
    if (!m.reaping_since) m.reaping_since = now();
    CDCTL_TRY(note());
    crash_point("juju.stop.noted");
    if (!begun) return false;
    forget_seen(place_, uuid_);
    if (const auto written = write_tags(access_, place_.model(uuid_), with_metadata(tags_, m), attempt_); !written) return fail(written.error().error);
    return true;
  }

  /// Removes its applications in good order, and waits until their units are gone, or `grace` is over.
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
    CDCTL_TRY_ASSIGN(const auto removed, remove_applications(access_, model, names, {.destroy_storage = settings_.destroy_storage}, attempt_));
    if (!removed.left.empty()) host_.log(Level::note, fmt::format("{}: application {} is not removed yet: {}", attempt_, removed.left.front(), removed.why));
    crash_point("juju.stop.told");
    const auto until = deadline_.at_most(grace);
    for (Millis pause = k_first_poll; !until.passed(); pause = std::min(pause * 2, k_longest_poll)) {
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

  /// Only what was stopped before is destroyed; and what a deploy of this machine has made and put nothing into.
  Result<> may_go(const std::optional<Reaping>& noted) {
    const bool stopped_before = (noted && noted->model == uuid_) || (model_ && dying(*model_)) || metadata_of(tags_).state == "reaping";
    if (stopped_before) return note();
    CDCTL_TRY_ASSIGN(const bool debris, is_debris());
    if (!debris) return fail(ExitCode::refused, fmt::format("{}: it is not being reaped, perhaps it was deployed again meanwhile; stop it first", attempt_));
    return note();
  }
  Result<bool> is_debris() {
    const auto m = metadata_of(tags_);
    CDCTL_TRY_ASSIGN(const auto machine, place_.machine());
    if (shares_model() || m.served || m.machine != machine || m.state == "live") return false;
    const auto status = read_status(access_, place_.model(uuid_), attempt_);
    if (!status) return fail(status.error().error);
    return status->applications.empty() && status->units.empty();
  }

  /// What somebody else has seen as a set is not gone because this user does not see it.
  Result<> nobody_saw_it() {
    for (const auto& uuid : list_seen(place_)) {
      const auto seen = read_seen(place_, uuid);
      if (!seen || metadata_of(seen->tags).set != set_.str() || seen->judged_by({{}, all_}, place_.user)) continue;
      return fail(ExitCode::unknown, fmt::format("{}: {} saw its model {}, and this user does not, which does not prove that it is gone; log in as {}", attempt_, seen->user, uuid, seen->user));
    }
    return {};
  }

  Result<> forget(const Doomed& doomed) {
    if (!doomed.application.empty()) {  // what its cut remembers, in a tag of the model that stays
      auto tags = read_tags(access_, place_.model(doomed.reaping.model), attempt_);
      if (tags && tags->erase("cdctl-cut-" + set_.str()) > 0) {
        if (const auto written = write_tags(access_, place_.model(doomed.reaping.model), *tags, attempt_); !written) return fail(written.error().error);
      }
    } else {
      forget_seen(place_, doomed.reaping.model);
    }
    crash_point("juju.destroy.forgotten");
    return remove_set_files(place_, set_);
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
  Tags tags_;
  std::string uuid_;
  bool all_ = false;
};

}  // namespace

Result<Step> JujuEngine::stop(const SetName& set, Millis grace, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "stopping " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(place_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings, settings_of_set(host_, *place_, place_->by(deadline), set, attempt));
  return Reap(host_, *place_, set, std::move(settings), attempt, deadline).stop(grace);
}

Result<Step> JujuEngine::destroy(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY(ready());
  const auto attempt = "removing " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, lock_set(place_->set(set), deadline));
  CDCTL_TRY_ASSIGN(auto settings, settings_of_set(host_, *place_, place_->by(deadline), set, attempt));
  return Reap(host_, *place_, set, std::move(settings), attempt, deadline).destroy();
}

Result<std::unique_ptr<Claim>> JujuEngine::claim(const SetName& set, const Sources& sources, Time deployed_at, const Deadline& deadline) {
  CDCTL_TRY(ready());
  return JujuClaim::make(host_, *place_, set, sources, deployed_at, deadline);
}

}  // namespace cdctl::juju
