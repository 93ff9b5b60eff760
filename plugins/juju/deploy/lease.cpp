#include "plugins/juju/deploy/lease.hpp"

#include <optional>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/wait.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/metadata.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_status.hpp"
#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_tries = 4;
constexpr Millis k_poll(2000), k_settle(1500),
    k_add(180'000);  // a busy controller takes a minute to make a model

std::vector<std::string> add_model_words(const ControllerHome& home, const SetName& set,
                                         const JujuSettings& settings, const std::string& tags) {
  std::vector<std::string> words{"add-model", set.str()};
  if (!settings.cloud.empty()) words.push_back(settings.cloud);
  words.insert(words.end(),
               {"-c", home.access.controller, "--no-switch", "--config", "resource-tags=" + tags});
  for (const auto& [key, value] : settings.model_config)
    if (key != "resource-tags") words.insert(words.end(), {"--config", key + "=" + value});
  if (!settings.credential.empty())
    words.insert(words.end(), {"--credential", settings.credential});
  return words;
}

Tags configured_tags(const JujuSettings& settings) {
  const auto at = settings.model_config.find("resource-tags");
  return at == settings.model_config.end() ? Tags{} : tags_from_text(at->second);
}

/// Whether a failed add-model may have made the model all the same, or found it there: then a fresh
/// look tells.
bool look_again(const Failure& failure) {
  return failure.kind == FailureKind::exists || failure.kind == FailureKind::unreachable ||
         failure.kind == FailureKind::other;
}

/// What both kinds of lease have in common.
class Leasing {
 protected:
  explicit Leasing(const LeaseRequest& request)
      : host_(request.host),
        home_(request.home),
        set_(request.set),
        settings_(request.settings),
        claim_(request.claim),
        sources_(request.sources),
        deployed_at_(request.deployed_at),
        deadline_(request.deadline),
        access_(request.home.by(request.deadline)),
        attempt_("claiming " + request.set.str()) {}

  [[nodiscard]] bool mine(const Metadata& m) const {
    return m.claim == claim_ && m.state == "deploying";
  }
  /// This machine's lock is ours, so that nobody here holds such a lease.
  [[nodiscard]] bool held_elsewhere(const Metadata& m) const {
    return m.leased(now()) && m.machine != machine_;
  }
  Result<> wait_for_other(const Metadata& m) {
    last_ = {ExitCode::timeout, fmt::format("{}: {} deploys it until {}; try again later", attempt_,
                                            printable(m.by, 80), to_rfc3339(*m.until))};
    return wait_a_while(k_poll, deadline_, attempt_);
  }
  Result<> change(const ModelItem& model, const TagEdit& edit) const {
    CDCTL_TRY(change_tags(access_, {home_.model(model.uuid), home_.tags_lock(model.uuid)}, edit,
                          attempt_));
    return {};
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
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view why) const {
    return fail(ExitCode::refused, fmt::format("{}: {}", attempt_, why));
  }
  [[nodiscard]] std::unexpected<Error> too_late() const {
    return fail(ExitCode::timeout,
                last_ ? last_->what : attempt_ + ": the deadline passed; try again");
  }

  Host& host_;
  const ControllerHome& home_;
  const SetName& set_;
  const JujuSettings& settings_;
  const std::string& claim_;
  const Sources& sources_;
  Time deployed_at_;
  Deadline deadline_;
  Access access_;
  std::string attempt_, machine_;
  std::optional<Error> last_;  ///< why the last look did not end it
  Lease out_;
};

constexpr std::string_view k_being_reaped =
    "it is being reaped; let cdctl reap come to its end, then deploy it again";

/// One lease of a model, from the first look on.
class ModelLease : private Leasing {
 public:
  explicit ModelLease(const LeaseRequest& request) : Leasing(request) {}

  Result<Lease> run() {
    CDCTL_TRY_ASSIGN(machine_, home_.machine(deadline_));
    for (;;) {
      if (Stop::requested()) return fail(stopped(attempt_));
      if (deadline_.passed()) return too_late();
      const auto located = locate(home_, access_, set_, attempt_);
      if (!located && deadline_.passed()) return too_late();
      if (!located) return fail(located.error());
      CDCTL_TRY_ASSIGN(const bool done, step(*located));
      if (!done) continue;
      out_.model = *located->model;
      out_.all = located->all;
      return std::move(out_);
    }
  }

 private:
  /// True once the set is ours, or lives and needs nobody.
  Result<bool> step(const Located& located) {
    if (!located.model) {
      CDCTL_TRY(add(located));
      return false;
    }
    const auto& m = located.metadata;
    if (dying(*located.model))
      return refuse("it is being destroyed; deploy it again when cdctl reap has come to its end");
    if (m.state == "reaping") return refuse(k_being_reaped);
    if (mine(m)) {
      if (out_.found.state.empty()) out_.found = bare_status(host_, home_, set_);  // made by us
      return true;
    }
    if (m.state == "live") return take_live(located);
    if (held_elsewhere(m)) {
      CDCTL_TRY(wait_for_other(m));
      return false;
    }
    return take_over(located);
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
                     tags_text(with_metadata(configured_tags(settings_), model_lease({}))));
    const auto added =
        juju_act(access_, add_model_words(home_, set_, settings_, tags), attempt_,
                 {.credentials = true, .deadline = deadline_.at_most(k_add), .directory = {}});
    crash_point("juju.claim.added");
    if (added) return {};
    if (!look_again(added.error())) return fail(added.error().error);
    last_ = added.error().error;
    if (added.error().kind == FailureKind::exists)
      last_->what = fmt::format(
          "{}: Juju says that a model of that name exists, and this user does not see it; look "
          "with an administrator's juju models --all",
          attempt_);
    return tries_ > 1 ? wait_a_while(k_poll, deadline_, attempt_) : Result<>();
  }

  /// A set that is up needs no claim; one that is known to be down is repaired.
  Result<bool> take_live(const Located& located) {
    auto status = status_of(host_, home_, set_, *located.model, located.metadata);
    const auto units = read_status(access_, home_.model(located.model->uuid), attempt_);
    if (!units) return fail(units.error().error);
    add_units(status, *units, {}, located.metadata.units);
    if (status.state == "down") return take_over(located);
    out_.found = std::move(status);
    return true;
  }

  Result<bool> take_over(const Located& located) {
    out_.found = status_of(host_, home_, set_, *located.model, located.metadata);
    if (located.metadata.state == "live")
      out_.found.state = "down";
    else if (out_.found.state == "deploying")
      out_.found.state = "partial";  // by this claim's own lock
    forget_seen(home_, located.model->uuid);
    const auto take = [&](Tags& tags) -> Result<> {
      const auto m = metadata_of(tags);
      // Somebody came first: the next look sees what is to be done about that
      if (m.state == located.metadata.state && m.claim == located.metadata.claim)
        tags = with_metadata(std::move(tags), model_lease(m));
      return {};
    };
    CDCTL_TRY(change(*located.model, take));
    crash_point("juju.claim.taken");
    // Two that take it over at once: the tags of the one that wrote last stay, and the other sees
    // it at its next look
    CDCTL_TRY(wait_a_while(k_settle, deadline_, attempt_));
    return false;
  }

  [[nodiscard]] Metadata model_lease(Metadata m) const {
    if (m.set.empty()) m.served.reset();
    m.set = set_.str();
    if (m.sources.empty()) m.sources = sources_;
    return lease(std::move(m));
  }

  int tries_ = 0;
};

/// One lease of an application, from the first look on.
class ApplicationLease : private Leasing {
 public:
  explicit ApplicationLease(const LeaseRequest& request) : Leasing(request) {}

  Result<Lease> run() {
    CDCTL_TRY_ASSIGN(machine_, home_.machine(deadline_));
    for (;;) {
      if (Stop::requested()) return fail(stopped(attempt_));
      const auto shared = read_shared(home_, access_, settings_, attempt_);
      if (!shared) return fail(deadline_.passed() && last_ ? *last_ : shared.error());
      out_.model = shared->model;
      out_.all = shared->all;
      CDCTL_TRY_ASSIGN(const bool done, step(*shared));
      if (done) return std::move(out_);
      if (deadline_.passed()) return too_late();
    }
  }

 private:
  /// True once the set is ours, or lives and needs nobody.
  Result<bool> step(const SharedModel& shared) {
    CDCTL_TRY_ASSIGN(auto status, shared_set_status(host_, home_, set_, shared));
    const auto m = work_of(shared.tags, set_);
    if (status.state == "reaping") return refuse(k_being_reaped);
    if (mine(m)) return true;
    if (status.state == "live") {
      out_.found = std::move(status);
      return true;
    }
    if (held_elsewhere(m)) {
      CDCTL_TRY(wait_for_other(m));
      return false;
    }
    out_.found = std::move(status);
    if (out_.found.state == "deploying") out_.found.state = "partial";  // by this claim's own lock
    CDCTL_TRY(take(m, shared.find(set_) == nullptr));
    return false;
  }

  /// What a cut remembers of an application that is gone must not cut the new one.
  Result<> take(const Metadata& seen, bool anew) {
    if (anew) CDCTL_TRY(remove_tree(home_.set(set_).cut()));
    const auto edit = [&](Tags& tags) -> Result<> {
      const auto m = work_of(tags, set_);
      if (m.state != seen.state || m.claim != seen.claim)
        return {};  // somebody came first: the next look sees what is to be done about that
      if (anew) tags.erase(cut_key(set_.str(), true));
      tags = with_work(std::move(tags), set_, lease(m));
      return {};
    };
    CDCTL_TRY(change(out_.model, edit));
    crash_point("juju.claim.begun");
    // Two that take it at once: the tag of the one that wrote last stays, and the other sees it at
    // its next look
    return wait_a_while(k_settle, deadline_, attempt_);
  }
};

}  // namespace

Result<Lease> lease_model(const LeaseRequest& request) { return ModelLease(request).run(); }

Result<Lease> lease_application(const LeaseRequest& request) {
  return ApplicationLease(request).run();
}

}  // namespace cdctl::juju
