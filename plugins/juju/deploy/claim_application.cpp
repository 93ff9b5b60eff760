// How a deploy comes to own a set that is an application of a shared model: a lease in that model's
// tags.

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/deploy/claim.hpp"
#include "plugins/juju/sets/set_lock.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/shared_sets.hpp"
#include "plugins/juju/sets/tag_change.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_poll(2000), k_settle(1500);

/// One claim of an application, from the first look to the lease.
class ApplicationClaim {
 public:
  ApplicationClaim(Host& host, const Place& place, const SetName& set, const Settings& settings,
                   std::string claim, Time deployed_at, const Deadline& deadline)
      : host_(host),
        place_(place),
        set_(set),
        settings_(settings),
        claim_(std::move(claim)),
        deployed_at_(deployed_at),
        deadline_(deadline),
        access_(place.by(deadline)),
        attempt_("claiming " + set.str()) {}

  Result<> run() {
    CDCTL_TRY_ASSIGN(machine_, place_.machine(deadline_));
    for (;;) {
      if (Stop::requested()) return fail(stopped(attempt_));
      const auto look = read_shared(place_, access_, settings_, attempt_);
      if (!look) return fail(deadline_.passed() && last_ ? *last_ : look.error());
      model = look->model;
      all = look->all;
      CDCTL_TRY_ASSIGN(const bool mine, step(*look));
      if (mine) return {};
      if (deadline_.passed())
        return fail(last_.value_or(
            Error{ExitCode::timeout, attempt_ + ": the deadline passed; try again"}));
    }
  }
  SetStatus found;
  ModelItem model;
  bool all = false;

 private:
  /// True once the set is ours, or lives and needs nobody.
  Result<bool> step(const SharedLook& look) {
    CDCTL_TRY_ASSIGN(auto status, shared_set_status(host_, place_, set_, look));
    const auto m = work_of(look.tags, set_);
    if (status.state == "reaping")
      return fail(
          ExitCode::refused,
          attempt_ + ": it is being reaped; let cdctl reap come to its end, then deploy it again");
    if (m.claim == claim_ && m.state == "deploying") return true;
    if (status.state == "live") {
      found = std::move(status);
      return true;
    }
    if (m.leased(now()) &&
        m.machine !=
            machine_) {  // this machine's lock is ours, so that nobody here holds such a lease
      last_ = {ExitCode::timeout, fmt::format("{}: {} deploys it until {}; try again later",
                                              attempt_, printable(m.by, 80), to_rfc3339(*m.until))};
      CDCTL_TRY(wait_a_while(k_poll, deadline_, attempt_));
      return false;
    }
    found = std::move(status);
    if (found.state == "deploying") found.state = "partial";  // by this claim's own lock
    CDCTL_TRY(take(m, look.find(set_) == nullptr));
    return false;
  }

  /// What a cut remembers of an application that is gone must not cut the new one.
  Result<> take(const Metadata& seen, bool anew) {
    if (anew) CDCTL_TRY(remove_tree(place_.set(set_).cut()));
    const auto edit = [&](Tags& tags) -> Result<> {
      const auto m = work_of(tags, set_);
      if (m.state != seen.state || m.claim != seen.claim)
        return {};  // somebody came first: the next look sees what is to be done about that
      if (anew) tags.erase(cut_key(set_.str(), true));
      tags = with_work(std::move(tags), set_, lease(m));
      return {};
    };
    CDCTL_TRY(change_tags(access_, {place_.model(model.uuid), place_.tags_lock(model.uuid)}, edit,
                          attempt_));
    crash_point("juju.claim.begun");
    // Two that take it at once: the tag of the one that wrote last stays, and the other sees it at
    // its next look
    return wait_a_while(k_settle, deadline_, attempt_);
  }

  [[nodiscard]] Metadata lease(Metadata m) const {
    m.state = "deploying";
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
  Time deployed_at_;
  Deadline deadline_;
  Access access_;
  std::string attempt_, machine_;
  std::optional<Error> last_;
};

}  // namespace

Result<> JujuClaim::take_application(Time deployed_at, const Deadline& deadline) {
  ApplicationClaim claim(host_, place_, set_, settings_, claim_, deployed_at, deadline);
  CDCTL_TRY(claim.run());
  found_ = std::move(claim.found);
  model_ = std::move(claim.model);
  all_ = claim.all;
  return {};
}

}  // namespace cdctl::juju
