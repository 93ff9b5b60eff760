#include "plugins/juju/deploy/claim.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/client/questions.hpp"
#include "plugins/juju/client/wait.hpp"
#include "plugins/juju/deploy/handover.hpp"
#include "plugins/juju/deploy/lease.hpp"
#include "plugins/juju/sets/locate.hpp"
#include "plugins/juju/sets/reap.hpp"
#include "plugins/juju/sets/removal.hpp"
#include "plugins/juju/sets/seen.hpp"
#include "plugins/juju/sets/set_folder.hpp"
#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_first_poll(250), k_longest_poll(2000), k_finish(60'000), k_last_words(20'000);
constexpr Millis k_on_the_way_out(5000),
    k_halt_on_the_way_out(2500);  // after Ctrl-C: the rest is for giving the lease back

/// Units that a bundle asks for, those of subordinates left out: they have no number of their own.
std::int64_t units_of(const Json& application) {
  for (const auto* key : {"num_units", "scale"})
    if (application[key].is_int()) return application[key].as_int();
  return 0;
}

std::vector<std::string> dying_in(const ModelStatus& status, std::string_view only) {
  std::vector<std::string> out;
  for (const auto& one : status.applications) {
    const bool wanted = only.empty() ? one.kind != ApplicationKind::remote : one.name == only;
    if (wanted && leaving(one.life)) out.push_back(one.name);
  }
  return out;
}

}  // namespace

Millis retry_delay(std::int64_t attempts) {
  Millis delay(30'000);
  for (std::int64_t i = 1; i < attempts && delay < Millis(3'600'000); ++i) delay *= 2;
  return std::min(delay, Millis(3'600'000));
}

Result<std::unique_ptr<Claim>> JujuClaim::make(Host& host, const ControllerHome& home,
                                               const SetName& set, const Sources& sources,
                                               Time deployed_at, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto settings, settings_for(host, set.service));
  CDCTL_TRY_ASSIGN(auto lock, lock_set(home.set(set), deadline));
  crash_point("juju.claim.locked");
  auto claim = std::make_unique<JujuClaim>(host, home, set, std::move(settings), std::move(lock));
  const LeaseRequest request{host,          home,    set,         claim->settings_,
                             claim->claim_, sources, deployed_at, deadline};
  CDCTL_TRY_ASSIGN(auto lease,
                   claim->shares_model() ? lease_application(request) : lease_model(request));
  claim->found_ = std::move(lease.found);
  claim->model_ = std::move(lease.model);
  claim->all_ = lease.all;
  crash_point("juju.claim.claimed");
  CDCTL_TRY(make_directories(claim->folder_.secrets(), 0700));
  CDCTL_TRY(make_directories(claim->workspace(), 0700));
  return claim;
}

Result<std::filesystem::path> JujuClaim::secret_file(std::string_view key) const {
  if (!valid_word(key))
    return fail(
        fmt::format("'{}' cannot be the name of a secret of {}", printable(key, 40), set_.str()));
  return folder_.secrets() / key;
}

Result<std::optional<std::string>> JujuClaim::do_load_secret(std::string_view key) {
  CDCTL_TRY_ASSIGN(const auto file, secret_file(key));
  return read_file_if_there(file);
}

Result<> JujuClaim::do_save_secret(std::string_view key, std::string_view value) {
  CDCTL_TRY_ASSIGN(const auto file, secret_file(key));
  CDCTL_TRY(make_directories(folder_.secrets(), 0700));
  CDCTL_TRY(write_file_atomically(file, value, 0600));
  crash_point("juju.secret.saved");
  return {};
}

Result<> JujuClaim::held_in(const Tags& tags, std::string_view attempt) const {
  return held_by(work_in(tags), attempt);
}

Result<> JujuClaim::held_by(const Metadata& m, std::string_view attempt) const {
  if (m.set == set_.str() && m.claim == claim_ && m.state == "deploying") return {};
  return fail(ExitCode::refused,
              fmt::format("{}: it was taken over meanwhile (its model says {} by {}); see cdctl ls",
                          attempt, m.state.empty() ? "live" : printable(m.state, 20),
                          m.by.empty() ? "somebody else" : printable(m.by, 80)));
}

Result<> JujuClaim::still_held(const Access& access, std::string_view attempt) const {
  const auto tags = read_tags(access, home_.model(model_.uuid), attempt);
  return tags ? held_in(*tags, attempt) : fail(tags.error().error);
}

Result<Tags> JujuClaim::change_work(const Access& access,
                                    const std::function<void(Metadata&)>& change,
                                    std::string_view attempt) const {
  const auto edit = [&](Tags& tags) -> Result<> {
    CDCTL_TRY(held_in(tags, attempt));
    auto m = work_in(tags);
    change(m);
    tags = with(std::move(tags), m);
    return {};
  };
  return change_tags(access, {home_.model(model_.uuid), home_.tags_lock(model_.uuid)}, edit,
                     attempt);
}

Access JujuClaim::at_the_end(const Deadline& deadline, Millis most) {
  auto access = home_.by(deadline);
  if (!Stop::requested()) return access;
  if (!last_words_) last_words_ = Deadline(k_on_the_way_out);
  access.until = deadline.at_most(std::min(most, last_words_->left()));
  access.last_words = true;
  return access;
}

Result<> JujuClaim::do_clean(const Deadline& deadline) {
  const auto attempt = "clearing up " + set_.str();
  const auto access = home_.by(deadline);
  if (found_.state != "absent") CDCTL_TRY(still_held(access, attempt));
  forget_seen(home_, model_.uuid);
  for (Millis pause = k_first_poll; found_.state != "absent";
       pause = std::min(pause * 2, k_longest_poll)) {
    const auto status = read_status(access, home_.model(model_.uuid), attempt);
    if (!status) return fail(status.error().error);
    const auto dying = dying_in(*status, shares_model() ? set_.str() : std::string());
    if (dying.empty()) break;
    if (deadline.passed())
      return fail(
          ExitCode::timeout,
          fmt::format(
              "{}: Juju is still removing application {} of an earlier deploy; try again later",
              attempt, dying.front()));
    CDCTL_TRY(wait_a_while(pause, deadline, attempt));
  }
  CDCTL_TRY(remove_tree(workspace()));
  crash_point("juju.clean.emptied");
  CDCTL_TRY(remove_tree(folder_.reaping()));  // of an earlier model of this name
  return make_directories(workspace(), 0700);
}

Result<> JujuClaim::do_start(const Workload&, const Deadline&) {
  return fail(ExitCode::config,
              fmt::format("starting {}: Juju runs charms, and these are the processes of a "
                          "Procfile; give the service a bundle, or engine = \"local\"",
                          set_.str()));
}

Result<> JujuClaim::do_start_bundle(const BundleWorkload& workload, const Deadline& deadline) {
  const auto access = home_.by(deadline);
  CDCTL_TRY(still_held(access, "handing over " + set_.str()));
  CDCTL_TRY_ASSIGN(const auto folder, PrivateFolder::make(home_.access.private_parent));
  std::vector<std::string> names;
  for (const auto& [name, application] : workload.bundle["applications"].members()) {
    if (!shares_model()) names.push_back(name);
    if (!shares_model() || settings_.application.empty() || settings_.application == name)
      units_ += units_of(application);
  }
  if (shares_model()) names = {set_.str()};
  // A refusal leaves alone what it refused to touch: halt() removes only what may have been changed
  const auto begins = [&] { started_ = names; };
  crash_point("juju.start.begun");
  CDCTL_TRY(hand_over({access, model_.uuid, set_.str(), settings_, workload.bundle, workload.env,
                       folder.path(), home_.set(set_).cut(), begins},
                      deadline));
  crash_point("juju.start.handed");
  return {};
}

Result<> JujuClaim::note_attempt(std::string_view why) {
  const auto text = read_file_if_there(folder_.attempts());
  const auto before = text && *text ? Json::parse(**text) : Result<Json>(Json());
  const auto attempts = (before ? (*before)["attempts"].as_int() : 0) + 1;
  const auto record = Json::object({{"attempts", attempts},
                                    {"retry_at", to_rfc3339(now() + retry_delay(attempts))},
                                    {"why", printable(why, 500)}});
  return write_file_atomically(folder_.attempts(), record.dump() + "\n", 0600);
}

Result<> JujuClaim::check_application(const Access& access) const {
  const auto attempt = "finishing " + set_.str();
  CDCTL_TRY_ASSIGN(const auto shared, read_shared(home_, access, settings_, attempt));
  const auto* application = shared.find(set_);
  if (application && application->error.empty() && dying_in(shared.status, set_.str()).empty())
    return {};
  return fail(fmt::format("{}: Juju has no such application in {}; see cdctl juju status {}",
                          attempt, shared.model.name, shared.model.name));
}

Result<> JujuClaim::do_finish() {
  const auto access = home_.by(Deadline(k_finish));
  if (shares_model()) CDCTL_TRY(check_application(access));
  const auto live = [&](Metadata& m) {
    m.state = "live";
    m.until.reset();
    m.machine.clear();
    m.claim.clear();
    m.units = units_;
    if (!m.served) m.served = now();
  };
  CDCTL_TRY_ASSIGN(const auto tags, change_work(access, live, "finishing " + set_.str()));
  crash_point("juju.finish.live");
  if (!shares_model()) CDCTL_TRY(note_seen(home_, all_, model_, tags));
  // One that was live and fell is on its way to do so again
  CDCTL_TRY(found_.state == "down" ? note_attempt("it was down, and was deployed again")
                                   : remove_tree(folder_.attempts()));
  return remove_tree(workspace());
}

Result<> JujuClaim::do_halt(const Deadline& deadline) {
  if (started_.empty()) return {};
  const auto attempt = "halting " + set_.str();
  const auto access = at_the_end(deadline, k_halt_on_the_way_out);
  CDCTL_TRY(still_held(access, attempt));
  CDCTL_TRY_ASSIGN(const auto removed,
                   remove_applications(access, home_.model(model_.uuid), started_,
                                       {.destroy_storage = settings_.destroy_storage}, attempt));
  if (removed.left.empty()) return {};
  return fail(
      fmt::format("{}: application {} runs on: {}", attempt, removed.left.front(), removed.why));
}

void JujuClaim::do_abandon(std::string_view why) {
  const auto warn = [&](std::string_view what, const Error& error) {
    host_.log(Level::warning,
              fmt::format("the failed deploy of {} is not {}: {}", set_.str(), what, error.what));
  };
  if (auto noted = note_attempt(why); !noted) warn("counted", noted.error());
  crash_point("juju.abandon.noted");
  // So that no other machine waits for the lease to run out
  const auto access = at_the_end(Deadline(k_last_words), k_on_the_way_out);
  const auto partial = [](Metadata& m) {
    m.state = "partial";
    m.until.reset();
  };
  if (const auto written = change_work(access, partial, "giving up " + set_.str()); !written)
    warn("marked", written.error());
}

Result<bool> JujuClaim::do_discard(const Deadline& deadline) {
  const auto attempt = "removing what is here of " + set_.str();
  // One that lives was claimed without a lease
  const bool lives = found_.state == "live";
  const auto ours = [&](const Metadata& m) -> Result<> {
    if (lives && (m.state.empty() || m.state == "live")) return {};
    return held_by(m, attempt);
  };
  CDCTL_TRY(Reap(host_, home_, set_, settings_, attempt, deadline).discard(model_.uuid, ours));
  return true;
}

}  // namespace cdctl::juju
