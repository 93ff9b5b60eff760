#include "plugins/local/claim.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/entry.hpp"
#include "plugins/local/halt.hpp"
#include "plugins/local/launch.hpp"
#include "plugins/local/process_tracker.hpp"
#include "plugins/local/removal.hpp"
#include "plugins/local/run_once.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/scaling.hpp"

namespace cdctl::local {

namespace {

constexpr Millis k_clean_grace(10'000), k_end_extra(20'000);
constexpr std::int64_t k_most_units = 1000;

bool valid_variable(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return c == '=' || static_cast<unsigned char>(c) <= ' ';
  });
}

bool valid_type(std::string_view type) {
  return !type.empty() && type.size() <= 64 && std::ranges::all_of(type, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::map<std::string, std::string> clean_environment() {
  std::map<std::string, std::string> out{{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  for (const char* name :
       {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) out[name] = value;
  }
  return out;
}

Result<> add_units(RunPlan& plan, const Process& process) {
  if (!valid_type(process.type))
    return fail(fmt::format("'{}' is not a name for a process", printable(process.type, 70)));
  if (process.command.empty() || process.command.contains('\0'))
    return fail(fmt::format("process {} has no usable command", process.type));
  if (process.units < 0 ||
      process.units + static_cast<std::int64_t>(plan.units.size()) > k_most_units) {
    return fail(fmt::format("process {}: {} units; a set has at most {}", process.type,
                            process.units, k_most_units));
  }
  plan.units.insert(plan.units.end(), static_cast<std::size_t>(process.units),
                    UnitPlan{process.type, process.command});
  return {};
}

/// The plan for a workload: its processes as numbered units, its environment over a small clean one
/// (PATH, HOME, LANG, TZ and the like of whoever deploys). Refuses what a process cannot be given:
/// no unit at all, a folder that is not there, names that are not names. No error holds a value of
/// the environment.
Result<RunPlan> plan_for(const SetName& set, const std::string& home_id, const Workload& workload) {
  const auto context = "starting " + set.str();
  RunPlan plan{set.str(),
               home_id,
               std::filesystem::absolute(workload.directory).string(),
               {},
               clean_environment(),
               workload.grace,
               workload.limits};
  std::error_code error;
  if (!std::filesystem::is_directory(plan.directory, error)) {
    return fail(fmt::format("{}: the working directory {} is not there", context, plan.directory));
  }
  for (const auto& process : workload.processes) {
    if (auto added = add_units(plan, process); !added) return fail(added.error().in(context));
  }
  if (plan.units.empty())
    return fail(context + ": no unit to start; check the Procfile and `units` of the service");
  for (const auto& [name, value] : workload.env) {
    if (!valid_variable(name))
      return fail(
          fmt::format("{}: '{}' is not the name of a variable", context, printable(name, 70)));
    if (value.contains('\0'))
      return fail(fmt::format("{}: the variable {} holds a NUL", context, name));
    plan.env[name] = value;
  }
  return plan;
}

}  // namespace

Millis retry_delay(std::int64_t attempts) {
  Millis delay(30'000);
  for (std::int64_t i = 1; i < attempts && delay < Millis(3'600'000); ++i) delay *= 2;
  return std::min(delay, Millis(3'600'000));
}

Result<std::unique_ptr<Claim>> LocalClaim::make(Host& host, const HomePaths& home,
                                                const SetName& name, const Sources& sources,
                                                Time deployed_at, const Deadline& deadline) {
  const auto context = "claiming " + name.str();
  CDCTL_TRY(make_directories(home.sets(), 0700));
  auto lock = enter_or_make(home.set(name), k_lock, deadline);
  if (!lock) return fail(lock.error().in(context));
  crash_point("local.claim.locked");
  auto claim = std::make_unique<LocalClaim>(host, home, name, std::move(*lock));
  if (auto looked = claim->look(sources, deployed_at); !looked) {
    if (claim->found_.state == "absent")
      (void)remove_tree(claim->paths_.folder);  // a full disk: leave nothing half made
    return fail(looked.error().in(context));
  }
  return claim;
}

Result<> LocalClaim::look(const Sources& sources, Time deployed_at) {
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths_, true));
  found_ = to_set_status(name_, files, home_.home());
  had_lived_ = files.status && files.status->lived;
  CDCTL_TRY_ASSIGN(const auto tracker, read_tracker(paths_));
  booted_since_ = tracker && !tracker->boot.empty() && tracker->boot != boot_id();
  if (booted_since_) found_.attempts = 0;
  if (files.record.is_null() || !files.record["sources"].is_object()) {
    const auto record = Json::object({{"schema", "cdctl.local-set/1"},
                                      {"set", name_.str()},
                                      {"service", name_.service},
                                      {"revision", name_.revision},
                                      {"home", home_.home()},
                                      {"sources", to_json(sources)},
                                      {"deployed_at", to_rfc3339(deployed_at)}});
    CDCTL_TRY(write_file_atomically(paths_ / k_record, record.dump() + "\n", 0600));
    crash_point("local.claim.record");
    if (found_.state != "absent") {
      found_.sources = sources;
      found_.deployed_at = deployed_at;
    }
  } else {
    CDCTL_TRY(note_home(files.record));
  }
  CDCTL_TRY(make_directories(paths_ / k_secrets, 0700));
  return make_directories(workspace(), 0700);
}

/// The home has another name than before: the memory may know the set by either.
Result<> LocalClaim::note_home(Json record) {
  const auto home = home_.home();
  if (std::ranges::find(found_.homes, home) != found_.homes.end()) return {};
  found_.homes.push_back(home);
  record.set("homes", Json::strings(found_.homes));
  return write_file_atomically(paths_ / k_record, record.dump() + "\n", 0600);
}

Result<std::filesystem::path> LocalClaim::secret_file(std::string_view key) const {
  if (!valid_word(key))
    return fail(
        fmt::format("'{}' is not a name for a secret of {}", printable(key, 40), name_.str()));
  return paths_ / k_secrets / key;
}

Result<std::optional<std::string>> LocalClaim::do_load_secret(std::string_view key) {
  CDCTL_TRY_ASSIGN(const auto file, secret_file(key));
  return read_file_if_there(file);
}

Result<> LocalClaim::do_save_secret(std::string_view key, std::string_view value) {
  CDCTL_TRY_ASSIGN(const auto file, secret_file(key));
  CDCTL_TRY(make_directories(paths_ / k_secrets, 0700));
  CDCTL_TRY(write_file_atomically(file, value, 0600));
  crash_point("local.secret.saved");
  return {};
}

Result<> LocalClaim::forget(std::initializer_list<const char*> files) {
  for (const char* file : files) {
    if (::unlink((paths_ / file).c_str()) != 0 && errno != ENOENT) {
      return fail(fmt::format("removing {}: {}", (paths_ / file).string(), errno_text(errno)));
    }
  }
  return {};
}

Result<> LocalClaim::do_clean(const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  // Not finished any more from here on: whoever finds it after a crash knows that it has to be
  // deployed again
  CDCTL_TRY(forget({k_finished}));
  crash_point("local.clean.unfinished");
  CDCTL_TRY(local::halt(paths_, name_, home_.id(), k_clean_grace, deadline));
  crash_point("local.clean.halted");
  CDCTL_TRY(forget({k_run, k_status, k_status_new, k_socket}));
  CDCTL_TRY(remove_tree(workspace()));
  crash_point("local.clean.emptied");
  CDCTL_TRY(make_directories(workspace(), 0700));
  return forget({k_reaping});
}

Result<> LocalClaim::begin(const RunPlan& plan, const Deadline& deadline) {
  CDCTL_TRY(local::halt(paths_, name_, home_.id(), k_clean_grace, deadline));
  if (auto written = write_file_atomically(paths_ / k_run, to_text(plan), 0600); !written)
    return fail(written.error().in("starting " + name_.str()));
  crash_point("local.start.run");
  CDCTL_TRY(launch(host_, paths_, scope_words(systemd_runs(), ::geteuid() == 0), deadline));
  crash_point("local.start.launched");
  return {};
}

Result<> LocalClaim::do_keep(const std::string& process, const Keeper& keeper) {
  if (keeper.argv.empty()) return fail("keeping " + process + " to one: its keeper has no program");
  keepers_[process] = keeper.argv;
  return {};
}

Result<> LocalClaim::do_start(const Workload& workload, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto plan, plan_for(name_, home_.id(), workload));
  plan.keepers = keepers_;
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  if (auto scaled = apply_scale(paths_, plan); !scaled)
    return fail(scaled.error().in("starting " + name_.str()));
  return begin(plan, deadline);
}

/// Under a supervisor of its own, which starts nothing again: so it can be frozen, told to end and
/// swept as units can, and what it says is in the set's logs.
Result<Ran> LocalClaim::do_run(const Workload& workload, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto plan, plan_for(name_, home_.id(), workload));
  if (!plan.once())
    return fail(fmt::format("running a command of {}: only one, called {}, can be run once",
                            name_.str(), k_release));
  const auto begun = now();
  {
    CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
    CDCTL_TRY_ASSIGN(const auto files, read_set(paths_, true));
    if (!files.frozen.empty())
      return fail(
          ExitCode::refused,
          fmt::format("it is cut, so its {} command cannot run; mend it first: cdctl mend {}",
                      k_release, name_.str()));
    CDCTL_TRY(begin(plan, deadline));
  }  // while it runs, it can be cut
  auto ran = wait_for_end(paths_, deadline);
  crash_point("local.run.ended");
  CDCTL_TRY(end_run(plan.grace.of(k_release)));
  ran.said = said_since(paths_, k_release, begun);
  return ran;
}

/// What it has started and let go of does not stay beside the units. A mend must not start it
/// again.
Result<> LocalClaim::end_run(Millis grace) {
  const Deadline deadline(grace + k_end_extra);
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  CDCTL_TRY(local::halt(paths_, name_, home_.id(), grace, deadline));
  return forget({k_run, k_status, k_status_new, k_socket});
}

/// What it ran is written down, and its checkout is there: both are private to the set.
Result<bool> LocalClaim::do_revive(const std::map<std::string, std::string>& env,
                                   const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths_, true));
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(paths_ / k_run));
  auto plan = text ? parse_run_plan(*text) : std::nullopt;
  std::error_code error;
  if (!files.finished || files.reaping || !plan ||
      !std::filesystem::is_directory(plan->directory, error))
    return false;
  for (const auto& [name, value] : env) plan->env[name] = value;
  CDCTL_TRY(local::halt(paths_, name_, home_.id(), k_clean_grace, deadline));
  CDCTL_TRY(forget({k_status, k_status_new, k_socket}));
  CDCTL_TRY(write_file_atomically(paths_ / k_run, to_text(*plan), 0600));
  crash_point("local.revive.run");
  CDCTL_TRY(launch(host_, paths_, scope_words(systemd_runs(), ::geteuid() == 0), deadline));
  crash_point("local.revive.launched");
  revived_ = true;
  return true;
}

Result<> LocalClaim::note_attempt(std::string_view why) {
  const auto text = read_file_if_there(paths_ / k_attempts);
  const auto before = text && *text ? Json::parse(**text) : Result<Json>(Json());
  const auto attempts = (before ? (*before)["attempts"].as_int() : 0) + 1;
  const auto record = Json::object({{"attempts", attempts},
                                    {"retry_at", to_rfc3339(now() + retry_delay(attempts))},
                                    {"why", printable(why, 500)}});
  return write_file_atomically(paths_ / k_attempts, record.dump() + "\n", 0600);
}

/// A set that was deployed in full and fell before it had lived ten minutes is on its way to do so
/// again. What the machine took down with it has done nothing of the kind.
Result<> LocalClaim::count_attempt() {
  if (booted_since_ && found_.state != "live") return {};
  if (found_.state == "live" || !found_.served || had_lived_) return forget({k_attempts});
  return note_attempt("it was down again within ten minutes");
}

Result<> LocalClaim::do_finish() {
  const auto context = "finishing " + name_.str();
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths_, true));
  if (!files.alive)
    return fail(context + ": its supervisor is not alive; see the logs in " +
                (paths_ / k_units).string());
  if (files.finished && !revived_) return {};
  if (auto counted = count_attempt(); !counted) return fail(counted.error().in(context));
  crash_point("local.finish.attempts");
  if (files.finished) return {};
  for (const char* file : {k_served, k_finished}) {
    if (auto done = write_file_atomically(paths_ / file, to_rfc3339(now()) + "\n", 0600); !done)
      return fail(done.error().in(context));
    crash_point("local.finish.marked");
  }
  return {};
}

Result<> LocalClaim::do_halt(const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  CDCTL_TRY(local::halt(paths_, name_, home_.id(), k_clean_grace, deadline));
  return {};
}

void LocalClaim::do_abandon(std::string_view why) {
  if (auto noted = note_attempt(why); !noted) {
    host_.log(Level::warning, fmt::format("the failed deploy of {} is not counted: {}", name_.str(),
                                          noted.error().what));
  }
}

Result<bool> LocalClaim::do_discard(const Deadline& deadline) {
  const auto context = "removing what is here of " + name_.str();
  CDCTL_TRY_ASSIGN(const auto op, enter_or_make(paths_, k_op, deadline));
  CDCTL_TRY(mark_reaping(paths_));
  crash_point("local.discard.marked");
  CDCTL_TRY_ASSIGN(const auto halted,
                   local::halt(paths_, name_, home_.id(), k_clean_grace, deadline));
  if (auto gone = prove_gone(paths_, halted); !gone) return fail(gone.error().in(context));
  // The lock is held until its file is gone: who waits for it makes a folder of its own
  const auto doubt = unproven(paths_, halted);
  if (auto removed = remove_folder(paths_); !removed) return fail(removed.error().in(context));
  if (!doubt.empty()) return fail(context + ": " + doubt);
  return true;
}

}  // namespace cdctl::local
