#include "plugins/juju/sets/reap.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/wait.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/seen.hpp"

namespace cdctl::juju {

namespace {
constexpr Millis k_first_poll(250), k_longest_poll(2000);
}  // namespace

Result<Stopping> Reap::begin_stop(const Grace& grace, bool again) {
  CDCTL_TRY_ASSIGN(const bool there, look());
  if (!there) return Stopping{Step{"juju", false}, true, 0, {}};
  if (model_ && leaving_) {  // by somebody's hand: nothing is left to be asked for
    CDCTL_TRY(note());
    return Stopping{Step{"juju", false}, true, 0, {}};
  }
  const auto model = home_.model(uuid_);
  const bool first = work_.state != "reaping";
  if (first) CDCTL_TRY(check_blocks(access_, model, !shares_model(), attempt_));
  CDCTL_TRY_ASSIGN(const bool begun, mark());
  crash_point("juju.stop.marked");
  auto status = read_status(access_, model, attempt_);
  if (!status) return fail(status.error().error);
  // By a run before this one, which was killed
  const auto untold = [](const Application* one) { return !leaving(one->life); };
  if (!first && !again && std::ranges::any_of(applications(*status), untold))
    CDCTL_TRY(check_blocks(access_, model, !shares_model(), attempt_));
  CDCTL_TRY_ASSIGN(const bool told, again ? Result<bool>(false) : tell(*status));
  crash_point("juju.stop.told");
  if (told && grace.longest() > Millis(0)) {
    status = read_status(access_, model, attempt_);
    if (!status) return fail(status.error().error);
  }
  auto out = left(*status, grace);
  out.step.changed = begun || told;
  if (out.done) crash_point("juju.stop.released");
  return out;
}

Result<Step> Reap::stop(Millis grace) {
  const auto until = deadline_.at_most(grace);
  bool changed = false, again = false;
  for (Millis pause = k_first_poll;; pause = std::min(pause * 2, k_longest_poll)) {
    CDCTL_TRY_ASSIGN(auto stopping, begin_stop({grace, {}}, again));
    again = true;
    changed = changed || stopping.step.changed;
    if (stopping.done || until.passed()) return Step{"juju", changed};
    CDCTL_TRY(wait_a_while(pause, until, attempt_));
  }
}

Result<> Reap::discard(const std::string& model,
                       const std::function<Result<>(const Metadata&)>& ours) {
  CDCTL_TRY_ASSIGN(const bool there, look());
  if (there && uuid_ != model)
    return fail(ExitCode::refused,
                fmt::format("{}: another model has its name by now; see cdctl ls", attempt_));
  ours_ = ours;
  if (there) CDCTL_TRY(stop(Millis(0)));
  ours_ = {};
  CDCTL_TRY(destroy());
  return {};
}

Result<Step> Reap::destroy() {
  CDCTL_TRY_ASSIGN(const bool there, look());
  const auto noted = read_reaping(folder_);
  if (!there && !noted) {
    CDCTL_TRY(nobody_saw_it());
    if (shares_model()) CDCTL_TRY(drop_tags(uuid_));
    CDCTL_TRY(remove_set_files(folder_, home_.work(set_)));
    return Step{"juju", false};
  }
  if (there) CDCTL_TRY(may_go());
  // As it was noted, and not as the service is configured now: a shared model is never destroyed
  const auto going = there ? reaping() : *noted;
  const RemovalTarget target{set_, going, going.application, there};
  CDCTL_TRY(remove_until_gone(host_, home_, settings_, target, deadline_));
  crash_point("juju.destroy.gone");
  CDCTL_TRY(forget(target));
  return Step{"juju", true, Json::object({{"proof", "listing"}, {"model", target.reaping.model}})};
}

Result<bool> Reap::look() {
  if (shares_model()) {
    CDCTL_TRY_ASSIGN(auto shared, read_shared(home_, access_, settings_, attempt_));
    uuid_ = shared.model.uuid;
    all_ = shared.all;
    work_ = work_of(shared.tags, set_);
    const auto* application = shared.find(set_);
    leaving_ = application && leaving(application->life);
    return application || !work_.state.empty();
  }
  CDCTL_TRY_ASSIGN(auto located, locate(home_, access_, set_, attempt_));
  all_ = located.all;
  model_ = std::move(located.model);
  work_ = std::move(located.metadata);
  if (model_) uuid_ = model_->uuid;
  leaving_ = model_ && dying(*model_);
  return model_.has_value();
}

Reaping Reap::reaping() const {
  return {uuid_, home_.user, all_, work_.reaping_since.value_or(now()),
          shares_model() ? set_.str() : std::string()};
}

Result<> Reap::note() { return write_reaping(folder_, reaping()); }

Result<bool> Reap::mark() {
  const bool begun = work_.state != "reaping";
  if (begun) CDCTL_TRY(mark_in_tags());
  crash_point("juju.stop.tagged");
  CDCTL_TRY(note());
  return begun;
}

Result<> Reap::mark_in_tags() {
  CDCTL_TRY_ASSIGN(const auto machine, home_.machine(deadline_));
  forget_seen(home_, uuid_);
  const auto edit = [&](Tags& tags) -> Result<> {
    work_ = shares_model() ? work_of(tags, set_) : metadata_of(tags);
    if (ours_) CDCTL_TRY(ours_(work_));
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

TagSite Reap::tag_site(const std::string& uuid) const {
  return {home_.model(uuid), home_.tags_lock(uuid)};
}

std::vector<const Application*> Reap::applications(const ModelStatus& status) const {
  std::vector<const Application*> out;
  for (const auto& one : status.applications)
    if (shares_model() ? one.name == set_.str() && one.kind != ApplicationKind::remote
                       : one.kind == ApplicationKind::principal)
      out.push_back(&one);
  return out;
}

Result<bool> Reap::tell(const ModelStatus& status) {
  std::vector<std::string> names;
  for (const auto* one : applications(status))
    if (!leaving(one->life)) names.push_back(one->name);
  if (names.empty()) return false;
  CDCTL_TRY_ASSIGN(const auto removed,
                   remove_applications(access_, home_.model(uuid_), names,
                                       {.destroy_storage = settings_.destroy_storage}, attempt_));
  if (!removed.left.empty())
    host_.log(Level::note, fmt::format("{}: application {} is not removed yet: {}", attempt_,
                                       removed.left.front(), removed.why));
  return removed.anything;
}

Stopping Reap::left(const ModelStatus& status, const Grace& grace) const {
  Stopping out{Step{"juju", false}, true, 0, {}};
  const auto since = work_.reaping_since.value_or(now());
  for (const auto& unit : status.units) {
    if (shares_model() && unit.application != set_.str()) continue;
    // The name that the bundle had for it is not its name there
    const auto until =
        since + (shares_model() && settings_.application.empty()
                     ? grace.longest()
                     : grace.of(shares_model() ? settings_.application : unit.application));
    ++out.left;
    out.until = std::max(out.until.value_or(until), until);
  }
  out.done = !out.until || *out.until <= now();
  return out;
}

Result<> Reap::may_go() {
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

Result<bool> Reap::is_debris() {
  if (shares_model() || work_.served || work_.machine != home_.known_machine() ||
      work_.state == "live")
    return false;
  const auto status = read_status(access_, home_.model(uuid_), attempt_);
  if (!status) return fail(status.error().error);
  return status->applications.empty() && status->units.empty();
}

Result<> Reap::nobody_saw_it() {
  for (const auto& uuid : list_seen(home_)) {
    const auto seen = read_seen(home_, uuid);
    if (!seen || metadata_of(seen->tags).set != set_.str() ||
        seen->judged_by({{}, all_}, home_.user))
      continue;
    return fail(ExitCode::unknown,
                fmt::format("{}: {} saw its model {}, and this user does not, which does not "
                            "prove that it is gone; log in as {}",
                            attempt_, seen->user, uuid, seen->user));
  }
  return {};
}

Result<> Reap::forget(const RemovalTarget& target) {
  const auto& uuid = target.reaping.model;
  const auto listing =
      target.application.empty() ? Asked<Listing>(Listing{}) : list_models(access_, attempt_);
  if (!listing) return fail(listing.error().error);
  if (listing->find(uuid)) {
    CDCTL_TRY(drop_tags(uuid));
  } else {
    forget_seen(home_, uuid);
    CDCTL_TRY(remove_tree(home_.tags_lock(uuid)));
  }
  crash_point("juju.destroy.forgotten");
  return remove_set_files(folder_, home_.work(set_));
}

Result<> Reap::drop_tags(const std::string& uuid) {
  const auto edit = [&](Tags& tags) -> Result<> {
    tags = with_work(std::move(tags), set_, {});
    tags.erase(cut_key(set_.str(), true));
    return {};
  };
  CDCTL_TRY(change_tags(access_, tag_site(uuid), edit, attempt_));
  return {};
}

}  // namespace cdctl::juju
