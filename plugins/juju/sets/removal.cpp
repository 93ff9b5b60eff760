#include "plugins/juju/sets/removal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/wait.hpp"
#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

namespace {

void add_force(std::vector<std::string>& words, Force force) {
  if (force != Force::no) words.emplace_back("--force");
  if (force == Force::no_wait) words.emplace_back("--no-wait");
}

/// Those of the names that are there; with force, those that are leaving as well.
std::vector<std::string> present(const ModelStatus& status, const std::vector<std::string>& names,
                                 bool dying_too) {
  std::vector<std::string> out;
  for (const auto& application : status.applications)
    if (application.kind != ApplicationKind::remote &&
        std::ranges::find(names, application.name) != names.end() &&
        (dying_too || !leaving(application.life)))
      out.push_back(application.name);
  return out;
}

}  // namespace

Result<Removed> remove_applications(const Access& access, const std::string& model,
                                    const std::vector<std::string>& names,
                                    const RemovalOptions& options, std::string_view attempt) {
  const auto before = read_status(access, model, attempt);
  if (!before) return fail(before.error().error);
  const auto wanted = present(*before, names, options.force != Force::no);
  Removed out;
  if (wanted.empty()) return out;
  out.anything = true;
  std::vector<std::string> words{"remove-application"};
  for (const auto& name : wanted) {
    if (!valid_application_name(name))
      return fail(
          fmt::format("{}: '{}' is not the name of an application", attempt, printable(name, 60)));
    words.push_back(name);
  }
  words.insert(words.end(), {"-m", model, "--no-prompt"});
  if (options.destroy_storage) words.emplace_back("--destroy-storage");
  add_force(words, options.force);
  const auto acted = juju_act(access, words, attempt);
  if (acted) return out;
  // It does what it can and fails for the rest; after a lost connection it may have been done as
  // well
  out.why = acted.error().error.what;
  const auto after = read_status(access, model, attempt);
  if (!after) return fail(after.error().error);
  out.left = present(*after, wanted, false);
  return out;
}

Result<> check_blocks(const Access& access, const std::string& model, bool model_too,
                      std::string_view attempt) {
  const auto answer = juju_call(access, {"disabled-commands", "-m", model}, attempt);
  if (!answer) {
    const auto kind = answer.error().kind;
    return kind == FailureKind::unreachable || kind == FailureKind::interrupted
               ? fail(answer.error().error)
               : Result<>();
  }
  for (const auto& block : answer->json.items()) {
    const auto set = block["command-set"].view();
    if (set != "all" && set != "remove-object" && !(model_too && set == "destroy-model")) continue;
    const auto message = block["message"].view();
    return fail(ExitCode::refused,
                fmt::format("{}: '{}' is disabled for its model{}; juju enable-command {} -m {}, "
                            "then reap it again",
                            attempt, set,
                            message.empty() ? "" : fmt::format(" ({})", printable(message, 80)),
                            set, model));
  }
  return {};
}

namespace {

constexpr Millis k_client(20'000), k_shortest_client(1000),
    k_repeat(30'000);  // juju is ended then; the controller goes on
constexpr Millis k_first_poll(250), k_longest_poll(5000), k_between(200), k_last_chance(10'000);

bool absent(const ModelStatus& status, std::string_view application) {
  return std::ranges::none_of(status.applications, [&](const Application& one) {
    return one.name == application && one.kind != ApplicationKind::remote;
  });
}

/// Whether this look does not show it any more. An answer that is not complete, or is not for who
/// saw it, is an error.
Result<bool> missing_now(const ControllerHome& home, const Access& access,
                         const RemovalTarget& target, std::string_view attempt) {
  const auto listing = list_models(access, attempt);
  if (!listing) return fail(listing.error().error);
  if (listing->find(target.reaping.model)) {
    if (target.application.empty()) return false;
    const auto status = read_status(access, home.model(target.reaping.model), attempt);
    if (!status) return fail(status.error().error);
    return absent(*status, target.application);
  }
  const auto& saw = target.reaping;
  if (saw.user == home.user && (listing->all || !saw.all)) return true;
  return fail(ExitCode::unknown,
              fmt::format("{}: {} saw model {}{}, and this user does not, which does not prove "
                          "that it is gone; log in as {} and reap again",
                          attempt, saw.user.empty() ? "another user" : saw.user, saw.model,
                          saw.all ? " as an administrator" : "",
                          saw.user.empty() ? "that user" : saw.user));
}

/// Tells Juju to destroy a model, by `CONTROLLER:UUID` and never by a name, and ends juju after
/// `most`: it would wait until the model is gone, which the controller sees to without it. What it
/// printed proves nothing, whatever its exit status. An error is a refusal.
Result<> destroy_model(const Access& access, const std::string& model,
                       const RemovalOptions& options, Millis most, std::string_view attempt) {
  const auto uuid = std::string_view(model).substr(model.find(':') + 1);
  if (!valid_uuid(uuid))
    return fail(fmt::format("{}: '{}' is not the uuid of a model", attempt, printable(uuid, 60)));
  std::vector<std::string> words{
      "destroy-model", model, "--no-prompt",
      options.destroy_storage ? "--destroy-storage" : "--release-storage"};
  add_force(words, options.force);
  const auto acted =
      juju_act(access, words, attempt,
               {.credentials = false, .deadline = access.until.at_most(most), .directory = {}});
  if (acted) return {};
  const auto& failure = acted.error();
  const bool refused =
      failure.kind == FailureKind::not_allowed || failure.kind == FailureKind::blocked ||
      failure.kind == FailureKind::config || failure.kind == FailureKind::version ||
      failure.kind == FailureKind::interrupted;
  if (refused) return fail(failure.error);
  return {};  // what became of it is read from the list of models
}

/// One removal with its escalation, as far as its deadline lets it.
class Remover {
 public:
  Remover(Host& host, const ControllerHome& home, const JujuSettings& settings,
          const RemovalTarget& target, const Deadline& deadline)
      : host_(host),
        home_(home),
        settings_(settings),
        target_(target),
        deadline_(deadline),
        access_(home.by(deadline)),
        attempt_("removing " + target.set.str()),
        answered_(target.seen) {}

  Result<> run() {
    for (Millis pause = k_first_poll;; pause = std::min(pause * 2, k_longest_poll)) {
      CDCTL_TRY(push());
      const auto gone = proven_gone(home_, access_, target_, attempt_);
      if (gone && *gone) return {};
      answered_ = answered_ || gone;  // the last look may be cut short by the deadline alone
      if (Stop::requested()) return fail(stopped(attempt_));
      if (refused_) return fail(*refused_);
      if (!gone && gone.error().exit != ExitCode::unknown) return fail(gone.error());
      if (gone && escalation() == Escalation::give_up && again_.left() + k_last_chance <= k_repeat)
        return needs_a_person();
      if (deadline_.passed()) return answered_ ? not_yet() : fail(gone.error());
      CDCTL_TRY(wait_a_while(std::min(pause, until_next_escalation(k_longest_poll)), deadline_,
                             attempt_));
    }
  }

 private:
  [[nodiscard]] Millis age() const { return std::max(Millis(0), now() - target_.reaping.since); }
  /// Where its time has come to; none is left out in one run, however long a client of the one
  /// before took.
  [[nodiscard]] Escalation escalation() const {
    const auto by_time = escalation_at(age(), settings_);
    return pushed_ ? std::min(by_time,
                              std::min(Escalation::give_up,
                                       static_cast<Escalation>(static_cast<int>(*pushed_) + 1)))
                   : by_time;
  }
  /// `otherwise` after the last.
  [[nodiscard]] Millis until_next_escalation(Millis otherwise) const {
    for (const auto at : {settings_.force_after, settings_.no_wait_after, settings_.give_up_after})
      if (age() < at) return at - age() + Millis(1);
    return otherwise;
  }
  /// How long a client is let wait for what the controller does without it: not into the time of
  /// the next step.
  [[nodiscard]] Millis patience() const {
    return std::min({k_client, deadline_.left() / 2,
                     std::max(k_shortest_client, until_next_escalation(k_client))});
  }

  /// Asks Juju once at each step, and again at most twice a minute: a command may have been lost on
  /// the way. Past the last step too, so that reaps that are far apart come to force.
  Result<> push() {
    const auto at = escalation();
    if (deadline_.passed() || (pushed_ == at && !again_.passed())) return {};
    pushed_ = at;
    again_ = Deadline(k_repeat);
    const RemovalOptions options{settings_.destroy_storage, at == Escalation::graceful ? Force::no
                                                            : at == Escalation::force
                                                                ? Force::yes
                                                                : Force::no_wait};
    if (at != Escalation::graceful)
      host_.log(Level::note,
                fmt::format("{}: {} old and still there, so Juju is told {}", attempt_,
                            to_age(age()), to_string(std::min(at, Escalation::no_wait))));
    crash_point("juju.destroy.push");
    const auto model = home_.model(target_.reaping.model);
    Result<> done;
    if (target_.application.empty())
      done = destroy_model(access_, model, options, patience(), attempt_);
    else if (auto removed =
                 remove_applications(access_, model, {target_.application}, options, attempt_);
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
    const auto by_hand = target_.application.empty()
                             ? fmt::format("juju destroy-model {} --force --no-wait",
                                           home_.model(target_.reaping.model))
                             : fmt::format("juju remove-application {} -m {} --force --no-wait",
                                           target_.application, home_.model(target_.reaping.model));
    return fail(ExitCode::failed,
                fmt::format("{}: after {} it is not proven gone{}; see why in juju status, end it "
                            "by hand with {}, then reap again",
                            attempt_, to_age(age()), reason(), by_hand));
  }
  std::unexpected<Error> not_yet() const {
    return fail(ExitCode::timeout,
                fmt::format("{}: it is still being destroyed ({}, for {}){}; reap it again",
                            attempt_, to_string(escalation()), to_age(age()), reason()));
  }
  [[nodiscard]] std::string reason() const { return last_.empty() ? "" : ": " + last_; }

  Host& host_;
  const ControllerHome& home_;
  const JujuSettings& settings_;
  const RemovalTarget& target_;
  Deadline deadline_;
  Access access_;
  std::string attempt_, last_;
  bool answered_;
  std::optional<Escalation> pushed_;
  Deadline again_;
  std::optional<Error> refused_;
};

}  // namespace

Escalation escalation_at(Millis age, const JujuSettings& settings) {
  if (age >= settings.give_up_after) return Escalation::give_up;
  if (age >= settings.no_wait_after) return Escalation::no_wait;
  return age >= settings.force_after ? Escalation::force : Escalation::graceful;
}

std::string_view to_string(Escalation step) {
  switch (step) {
    case Escalation::graceful:
      return "gracefully";
    case Escalation::force:
      return "with --force";
    case Escalation::no_wait:
      return "with --force --no-wait";
    case Escalation::give_up:
      break;
  }
  return "given up";
}

Result<bool> proven_gone(const ControllerHome& home, const Access& access,
                         const RemovalTarget& target, std::string_view attempt) {
  CDCTL_TRY_ASSIGN(const bool once, missing_now(home, access, target, attempt));
  if (!once) return false;
  CDCTL_TRY(wait_a_while(k_between, access.until, attempt));
  return missing_now(home, access, target, attempt);
}

Result<> remove_until_gone(Host& host, const ControllerHome& home, const JujuSettings& settings,
                           const RemovalTarget& target, const Deadline& deadline) {
  return Remover(host, home, settings, target, deadline).run();
}

}  // namespace cdctl::juju
