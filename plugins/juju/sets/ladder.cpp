#include "plugins/juju/sets/ladder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/juju/sets/set_lock.hpp"
#include "plugins/juju/sets/shared_sets.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_client(20'000), k_shortest_client(1000),
    k_repeat(30'000);  // juju is ended then; the controller goes on
constexpr Millis k_first_poll(250), k_longest_poll(5000), k_between(200), k_last_chance(10'000);

bool absent(const ModelStatus& status, std::string_view application) {
  return std::ranges::none_of(status.applications, [&](const Application& one) {
    return one.name == application && one.kind != Kind::remote;
  });
}

/// Whether this look does not show it any more. An answer that is not complete, or is not for who
/// saw it, is an error.
Result<bool> missing_now(const Place& place, const Access& access, const Doomed& doomed,
                         std::string_view attempt) {
  const auto listing = list_models(access, attempt);
  if (!listing) return fail(listing.error().error);
  if (listing->find(doomed.reaping.model)) {
    if (doomed.application.empty()) return false;
    const auto status = read_status(access, place.model(doomed.reaping.model), attempt);
    if (!status) return fail(status.error().error);
    return absent(*status, doomed.application);
  }
  const auto& saw = doomed.reaping;
  if (saw.user == place.user && (listing->all || !saw.all)) return true;
  return fail(ExitCode::unknown,
              fmt::format("{}: {} saw model {}{}, and this user does not, which does not prove "
                          "that it is gone; log in as {} and reap again",
                          attempt, saw.user.empty() ? "another user" : saw.user, saw.model,
                          saw.all ? " as an administrator" : "",
                          saw.user.empty() ? "that user" : saw.user));
}

/// One reap's climb, as far as its deadline lets it.
class Climb {
 public:
  Climb(Host& host, const Place& place, const Settings& settings, const Doomed& doomed,
        const Deadline& deadline)
      : host_(host),
        place_(place),
        settings_(settings),
        doomed_(doomed),
        deadline_(deadline),
        access_(place.by(deadline)),
        attempt_("removing " + doomed.set.str()),
        answered_(doomed.seen) {}

  Result<> run() {
    for (Millis pause = k_first_poll;; pause = std::min(pause * 2, k_longest_poll)) {
      CDCTL_TRY(push());
      const auto gone = proven_gone(place_, access_, doomed_, attempt_);
      if (gone && *gone) return {};
      answered_ = answered_ || gone;  // the last look may be cut short by the deadline alone
      if (Stop::requested()) return fail(stopped(attempt_));
      if (refused_) return fail(*refused_);
      if (!gone && gone.error().exit != ExitCode::unknown) return fail(gone.error());
      if (gone && rung() == Rung::give_up && again_.left() + k_last_chance <= k_repeat)
        return needs_a_person();
      if (deadline_.passed()) return answered_ ? not_yet() : fail(gone.error());
      CDCTL_TRY(
          wait_a_while(std::min(pause, until_next_rung(k_longest_poll)), deadline_, attempt_));
    }
  }

 private:
  [[nodiscard]] Millis age() const { return std::max(Millis(0), now() - doomed_.reaping.since); }
  /// Where its time has come to; none is left out in one run, however long a client of the one
  /// before took.
  [[nodiscard]] Rung rung() const {
    const auto by_time = rung_at(age(), settings_);
    return pushed_ ? std::min(by_time, std::min(Rung::give_up,
                                                static_cast<Rung>(static_cast<int>(*pushed_) + 1)))
                   : by_time;
  }
  /// `otherwise` after the last.
  [[nodiscard]] Millis until_next_rung(Millis otherwise) const {
    for (const auto at : {settings_.force_after, settings_.no_wait_after, settings_.give_up_after})
      if (age() < at) return at - age() + Millis(1);
    return otherwise;
  }
  /// How long a client is let wait for what the controller does without it: not into the time of
  /// the next rung.
  [[nodiscard]] Millis patience() const {
    return std::min(
        {k_client, deadline_.left() / 2, std::max(k_shortest_client, until_next_rung(k_client))});
  }

  /// Asks Juju once on each rung, and again at most twice a minute: a command may have been lost on
  /// the way. Past the last rung too, so that reaps that are far apart come to force.
  Result<> push() {
    const auto at = rung();
    if (deadline_.passed() || (pushed_ == at && !again_.passed())) return {};
    pushed_ = at;
    again_ = Deadline(k_repeat);
    const RemovalOptions options{settings_.destroy_storage, at == Rung::graceful ? Force::no
                                                            : at == Rung::force  ? Force::yes
                                                                                 : Force::no_wait};
    if (at != Rung::graceful)
      host_.log(Level::note, fmt::format("{}: {} old and still there, so Juju is told {}", attempt_,
                                         to_age(age()), to_string(std::min(at, Rung::no_wait))));
    crash_point("juju.destroy.push");
    const auto model = place_.model(doomed_.reaping.model);
    Result<> done;
    if (doomed_.application.empty())
      done = destroy_model(access_, model, options, patience(), attempt_);
    else if (auto removed =
                 remove_applications(access_, model, {doomed_.application}, options, attempt_);
             !removed)
      done = fail(removed.error());
    else if (!removed->left.empty())
      last_ = removed->why;
    crash_point("juju.destroy.pushed");
    if (!done && done.error().exit == ExitCode::unknown)
      last_ = done.error().what;  // it may be gone for all that: look
    else if (!done)
      refused_ = done.error();
    return {};
  }

  std::unexpected<Error> needs_a_person() const {
    const auto by_hand =
        doomed_.application.empty()
            ? fmt::format("juju destroy-model {} --force --no-wait",
                          place_.model(doomed_.reaping.model))
            : fmt::format("juju remove-application {} -m {} --force --no-wait", doomed_.application,
                          place_.model(doomed_.reaping.model));
    return fail(ExitCode::failed,
                fmt::format("{}: after {} it is not proven gone{}; see why in juju status, end it "
                            "by hand with {}, then reap again",
                            attempt_, to_age(age()), reason(), by_hand));
  }
  std::unexpected<Error> not_yet() const {
    return fail(ExitCode::timeout,
                fmt::format("{}: it is still being destroyed ({}, for {}){}; reap it again",
                            attempt_, to_string(rung()), to_age(age()), reason()));
  }
  [[nodiscard]] std::string reason() const { return last_.empty() ? "" : ": " + last_; }

  Host& host_;
  const Place& place_;
  const Settings& settings_;
  const Doomed& doomed_;
  Deadline deadline_;
  Access access_;
  std::string attempt_, last_;
  bool answered_;
  std::optional<Rung> pushed_;
  Deadline again_;
  std::optional<Error> refused_;
};

}  // namespace

Rung rung_at(Millis age, const Settings& settings) {
  if (age >= settings.give_up_after) return Rung::give_up;
  if (age >= settings.no_wait_after) return Rung::no_wait;
  return age >= settings.force_after ? Rung::force : Rung::graceful;
}

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::graceful:
      return "gracefully";
    case Rung::force:
      return "with --force";
    case Rung::no_wait:
      return "with --force --no-wait";
    case Rung::give_up:
      break;
  }
  return "given up";
}

Result<bool> proven_gone(const Place& place, const Access& access, const Doomed& doomed,
                         std::string_view attempt) {
  CDCTL_TRY_ASSIGN(const bool once, missing_now(place, access, doomed, attempt));
  if (!once) return false;
  CDCTL_TRY(wait_a_while(k_between, access.until, attempt));
  return missing_now(place, access, doomed, attempt);
}

Result<> climb(Host& host, const Place& place, const Settings& settings, const Doomed& doomed,
               const Deadline& deadline) {
  return Climb(host, place, settings, doomed, deadline).run();
}

}  // namespace cdctl::juju
