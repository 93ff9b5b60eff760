// How a deploy comes to own a set: a model of its own with a lease in its tags, or an application
// of a shared model.

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/act.hpp"
#include "plugins/juju/deploy/claim.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_lock.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/sets/tag_change.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_tries = 4;
constexpr Millis k_poll(2000), k_settle(1500),
    k_add(180'000);  // a busy controller takes a minute to make a model

std::vector<std::string> add_model_words(const Place& place, const SetName& set,
                                         const Settings& settings, const std::string& tags) {
  std::vector<std::string> words{"add-model", set.str()};
  if (!settings.cloud.empty()) words.push_back(settings.cloud);
  words.insert(words.end(),
               {"-c", place.access.controller, "--no-switch", "--config", "resource-tags=" + tags});
  for (const auto& [key, value] : settings.model_config)
    if (key != "resource-tags") words.insert(words.end(), {"--config", key + "=" + value});
  if (!settings.credential.empty())
    words.insert(words.end(), {"--credential", settings.credential});
  return words;
}

Tags configured_tags(const Settings& settings) {
  const auto at = settings.model_config.find("resource-tags");
  return at == settings.model_config.end() ? Tags{} : tags_from_text(at->second);
}

/// Whether a failed add-model may have made the model all the same, or found it there: then a fresh
/// look tells.
bool look_again(const Failure& failure) {
  return failure.trouble == Trouble::exists || failure.trouble == Trouble::unreachable ||
         failure.trouble == Trouble::other;
}

/// One claim of a model, from the first look to the lease.
class ModelClaim {
 public:
  ModelClaim(Host& host, const Place& place, const SetName& set, const Settings& settings,
             std::string claim, const Deadline& deadline)
      : host_(host),
        place_(place),
        set_(set),
        settings_(settings),
        claim_(std::move(claim)),
        deadline_(deadline),
        access_(place.by(deadline)),
        attempt_("claiming " + set.str()) {}

  Result<> run(const Sources& sources, Time deployed_at) {
    CDCTL_TRY_ASSIGN(machine_, place_.machine(deadline_));
    sources_ = sources;
    deployed_at_ = deployed_at;
    for (;;) {
      if (Stop::requested()) return fail(stopped(attempt_));
      if (deadline_.passed()) return too_late();
      const auto located = locate(place_, access_, set_, attempt_);
      if (!located && deadline_.passed()) return too_late();
      if (!located) return fail(located.error());
      CDCTL_TRY_ASSIGN(const bool mine, step(*located));
      if (!mine) continue;
      model = *located->model;
      all = located->all;
      return {};
    }
  }
  SetStatus found;
  ModelItem model;
  bool all = false;

 private:
  [[nodiscard]] std::unexpected<Error> too_late() const {
    return fail(ExitCode::timeout,
                last_ ? last_->what : attempt_ + ": the deadline passed; try again");
  }

  /// True once the set is ours, or lives and needs nobody.
  Result<bool> step(const Located& located) {
    if (!located.model) {
      CDCTL_TRY(add(located));
      return false;
    }
    const auto& m = located.metadata;
    if (dying(*located.model))
      return refuse("it is being destroyed; deploy it again when cdctl reap has come to its end");
    if (m.state == "reaping")
      return refuse("it is being reaped; let cdctl reap come to its end, then deploy it again");
    if (m.claim == claim_ && m.state == "deploying") {
      if (found.state.empty()) found = bare_status(host_, place_, set_);  // made by us
      return true;
    }
    if (m.state == "live") return take_live(located);
    if (m.leased(now()) &&
        m.machine !=
            machine_) {  // this machine's lock is ours, so that nobody here holds such a lease
      last_ = {ExitCode::timeout, fmt::format("{}: {} deploys it until {}; try again later",
                                              attempt_, printable(m.by, 80), to_rfc3339(*m.until))};
      CDCTL_TRY(wait_a_while(k_poll, deadline_, attempt_));
      return false;
    }
    return take_over(located);
  }

  std::unexpected<Error> refuse(std::string_view why) const {
    return fail(ExitCode::refused, fmt::format("{}: {}", attempt_, why));
  }

  /// Fails "already exists" for all but one of those who try at the same time; the tags come with
  /// it, so that there is no moment in which the model is nobody's.
  Result<> add(const Located& located) {
    if (!located.strangers.empty()) {
      return refuse(
          fmt::format("a model of that name, {} ({}), is there and was not made by cdctl; rename "
                      "or destroy it by hand",
                      located.strangers.front().name, located.strangers.front().uuid));
    }
    if (tries_++ >= k_most_tries)
      return fail(last_.value_or(
          Error{ExitCode::unknown,
                attempt_ + ": juju made the model, and does not list it; look with juju models"}));
    CDCTL_TRY_ASSIGN(const auto tags,
                     tags_text(with_metadata(configured_tags(settings_), lease({}))));
    const auto added =
        juju_act(access_, add_model_words(place_, set_, settings_, tags), attempt_,
                 {.credentials = true, .deadline = deadline_.at_most(k_add), .directory = {}});
    crash_point("juju.claim.added");
    if (added) return {};
    if (!look_again(added.error())) return fail(added.error().error);
    last_ = added.error().error;
    if (added.error().trouble == Trouble::exists)
      last_->what = fmt::format(
          "{}: Juju says that a model of that name exists, and this user does not see it; look "
          "with an administrator's juju models --all",
          attempt_);
    return tries_ > 1 ? wait_a_while(k_poll, deadline_, attempt_) : Result<>();
  }

  /// A set that is up needs no claim; one that is known to be down is repaired.
  Result<bool> take_live(const Located& located) {
    auto status = status_of(host_, place_, set_, *located.model, located.metadata);
    const auto units = read_status(access_, place_.model(located.model->uuid), attempt_);
    if (!units) return fail(units.error().error);
    add_units(status, *units, {}, located.metadata.units);
    if (status.state == "down") return take_over(located);
    found = std::move(status);
    return true;
  }

  Result<bool> take_over(const Located& located) {
    found = status_of(host_, place_, set_, *located.model, located.metadata);
    if (located.metadata.state == "live")
      found.state = "down";
    else if (found.state == "deploying")
      found.state = "partial";  // by this claim's own lock
    forget_seen(place_, located.model->uuid);
    const auto take = [&](Tags& tags) -> Result<> {
      const auto m = metadata_of(tags);
      // Somebody came first: the next look sees what is to be done about that
      if (m.state == located.metadata.state && m.claim == located.metadata.claim)
        tags = with_metadata(std::move(tags), lease(m));
      return {};
    };
    CDCTL_TRY(change_tags(
        access_, {place_.model(located.model->uuid), place_.tags_lock(located.model->uuid)}, take,
        attempt_));
    crash_point("juju.claim.taken");
    // Two that take it over at once: the tags of the one that wrote last stay, and the other sees
    // it at its next look
    CDCTL_TRY(wait_a_while(k_settle, deadline_, attempt_));
    return false;
  }

  [[nodiscard]] Metadata lease(Metadata m) const {
    if (m.set.empty()) m.served.reset();
    m.set = set_.str();
    m.state = "deploying";
    if (m.sources.empty()) m.sources = sources_;
    if (!m.deployed_at) m.deployed_at = deployed_at_;
    m.by = host_.actor();
    m.until = now() + deadline_.left();
    m.machine = machine_;
    m.claim = claim_;
    return m;
  }

  Host& host_;
  const Place& place_;
  const SetName& set_;
  const Settings& settings_;
  std::string claim_;
  Deadline deadline_;
  Access access_;
  std::string attempt_, machine_;
  Sources sources_;
  Time deployed_at_;
  int tries_ = 0;
  std::optional<Error> last_;
};

}  // namespace

Result<> JujuClaim::take_model(const Sources& sources, Time deployed_at, const Deadline& deadline) {
  ModelClaim claim(host_, place_, set_, settings_, claim_, deadline);
  CDCTL_TRY(claim.run(sources, deployed_at));
  found_ = std::move(claim.found);
  model_ = std::move(claim.model);
  all_ = claim.all;
  return {};
}

Result<std::unique_ptr<Claim>> JujuClaim::make(Host& host, const Place& place, const SetName& set,
                                               const Sources& sources, Time deployed_at,
                                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto settings, settings_for(host, set.service));
  CDCTL_TRY_ASSIGN(auto lock, lock_set(place.set(set), deadline));
  crash_point("juju.claim.locked");
  auto claim = std::make_unique<JujuClaim>(host, place, set, std::move(settings), std::move(lock));
  CDCTL_TRY(claim->shares_model() ? claim->take_application(deployed_at, deadline)
                                  : claim->take_model(sources, deployed_at, deadline));
  crash_point("juju.claim.claimed");
  CDCTL_TRY(make_directories(claim->folder_.secrets(), 0700));
  CDCTL_TRY(make_directories(claim->workspace(), 0700));
  return claim;
}

}  // namespace cdctl::juju
