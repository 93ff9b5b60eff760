#include "plugins/local/engine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/claim.hpp"
#include "plugins/local/client.hpp"
#include "plugins/local/entry.hpp"
#include "plugins/local/kept_logs.hpp"
#include "plugins/local/launch.hpp"
#include "plugins/local/log_reader.hpp"
#include "plugins/local/removal.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/scaling.hpp"

namespace cdctl::local {

namespace {

/// The names of the set folders. Exit code `unknown` when the folder is there and cannot be read.
Result<std::vector<SetName>> names_in(const std::filesystem::path& sets,
                                      std::optional<std::string_view> service) {
  std::vector<SetName> out;
  DIR* const dir = ::opendir(sets.c_str());
  if (!dir && errno == ENOENT) return out;
  if (!dir)
    return fail(ExitCode::unknown,
                fmt::format("listing the sets in {}: {}", sets.string(), errno_text(errno)));
  errno = 0;
  while (const auto* entry = ::readdir(dir)) {
    auto name = parse_set_name(entry->d_name);
    if (name && (!service || name->service == *service)) out.push_back(std::move(*name));
    errno = 0;
  }
  const int error = errno;
  ::closedir(dir);
  if (error != 0)
    return fail(ExitCode::unknown,
                fmt::format("listing the sets in {}: {}", sets.string(), errno_text(error)));
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::vector<SetStatus>> LocalEngine::do_list(std::optional<std::string_view> service,
                                                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto names, names_in(home_.sets(), service));
  const auto home = home_.home();
  std::vector<SetStatus> out;
  out.reserve(names.size());
  for (const auto& name : names) {
    if (deadline.passed())
      return fail(ExitCode::timeout,
                  fmt::format("listing the sets in {}: the deadline passed", home));
    CDCTL_TRY_ASSIGN(const auto files, read_set(home_.set(name)));
    if (!files.there || files.debris()) continue;
    auto& status = out.emplace_back(to_set_status(name, files, home));
    if (status.up != status.want || !files.finished)
      status.why_down = why_down(home_.set(name), files);
  }
  return out;
}

Result<SetStatus> LocalEngine::do_describe(const SetName& set, const Deadline& deadline) {
  const auto paths = home_.set(set);
  CDCTL_TRY_ASSIGN(auto files, read_set(paths));
  if (files.alive) {
    // Fresher than the file on a full disk; a supervisor that hangs costs us half a second
    if (const auto text = ask(paths, "status", deadline.at_most(Millis(500)))) {
      if (auto status = parse_status(*text)) files.status = std::move(status);
    }
  }
  auto out = to_set_status(set, files, home_.home());
  if (out.state == "absent") return out;
  if (out.up != out.want || !files.finished) out.why_down = why_down(paths, files);
  out.detail.set("folder", paths.folder.string());
  out.detail.set("supervisor_pid",
                 files.alive && files.status ? Json(files.status->supervisor.pid) : Json());
  out.detail.set("cgroup", files.status && !files.status->cgroup.empty()
                               ? Json(files.status->cgroup)
                               : Json());
  if (files.status && !files.status->warning.empty())
    out.detail.set("warning", files.status->warning);
  out.detail.set("units", files.status ? units_detail(paths, *files.status) : Json::array());
  if (files.attempts["why"].is_string()) out.detail.set("last_failure", files.attempts["why"]);
  if (!files.alive) {  // what its last supervisor wrote down is no longer so
    Json units = Json::array();
    for (auto unit : out.detail["units"].items())
      if (unit["state"].view() != "leaving")
        units.push_back(unit.set("state", "exited").set("pid", Json()));
    out.detail.set("units", std::move(units));
  }
  return out;
}

Result<std::unique_ptr<Claim>> LocalEngine::do_claim(const SetName& set, const Sources& sources,
                                                     Time deployed_at, const Deadline& deadline) {
  return LocalClaim::make(host_, home_, set, sources, deployed_at, deadline);
}

// The engine as a switch: cut a set from the world and let it back.

namespace {

constexpr Millis k_freeze(6000), k_restart(15'000);

Result<> mark(const SetPaths& paths, std::string_view value) {
  return write_file_atomically(paths / k_frozen, value, 0600);
}

Result<> unmark(const SetPaths& paths) {
  if (::unlink((paths / k_frozen).c_str()) == 0 || errno == ENOENT) return {};
  return fail(fmt::format("removing {}: {}", (paths / k_frozen).string(), errno_text(errno)));
}

}  // namespace

Result<> LocalEngine::freeze(const SetPaths& paths, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths, true));
  if (files.alive) {
    const auto done = ask_if_awake(paths, "freeze", deadline.at_most(k_freeze));
    if (done) return {};
    if (done.error().exit == ExitCode::failed) return fail(done.error());
  }
  // Dead, or it does not answer; then it starts nothing either, and sees the mark before it would
  CDCTL_TRY_ASSIGN(const auto record, read_tracker(paths));
  if (!record || record->boot != boot_id()) return {};
  return ProcessTracker(*record).freeze(deadline.at_most(k_freeze));
}

Result<Step> LocalEngine::do_cut(const SetName& set, const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = fmt::format("cutting {} from the world", set.str());
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.debris()) return Step{"local", false};
  Result<> marked;
  if (before.frozen != k_cut_done) marked = mark(paths, k_cut_asked);
  crash_point("local.cut.marked");
  // A full disk keeps the mark from being made, and is no reason to let the set run on
  if (auto frozen = freeze(paths, deadline); !frozen) return fail(frozen.error().in(context));
  crash_point("local.cut.frozen");
  if (marked && before.frozen != k_cut_done) marked = mark(paths, k_cut_done);
  if (!marked)
    return fail(marked.error().in(
        context +
        ": it is frozen, but this could not be noted and would not outlive its supervisor"));
  crash_point("local.cut.done");
  CDCTL_TRY_ASSIGN(const auto tracker, tracker_of(paths, set, home_.id()));
  return Step{"local", before.frozen != k_cut_done,
              Json::object({{"frozen", static_cast<std::int64_t>(tracker.count())}})};
}

Result<> LocalEngine::start_again(const SetPaths& paths, const SetName& set,
                                  const Deadline& deadline) {
  CDCTL_TRY(halt(paths, set, home_.id(), Millis(0), deadline));
  crash_point("local.mend.halted");
  CDCTL_TRY(unmark(paths));
  crash_point("local.mend.unmarked");
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(paths / k_run));
  if (!text) return {};  // nothing was started yet, or a deploy cleans it just now
  if (const auto plan = parse_run_plan(*text); plan && plan->once())
    return {};  // its deploy's to run, and that was killed
  return launch(host_, paths, scope_words(systemd_runs(), ::geteuid() == 0), deadline);
}

namespace {

/// A supervisor of before an upgrade does not know all commands.
bool knows_not(const Error& error) { return error.what.contains("no such command"); }

/// Whether a trial has left some of its units out.
bool held_back(const SetFiles& files) {
  return files.alive && files.status && !files.status->stopping && !files.status->frozen &&
         std::ranges::any_of(files.status->units, [](const UnitStatus& unit) {
           return unit.state == UnitState::exited;
         });
}

}  // namespace

Result<Step> LocalEngine::do_mend(const SetName& set, bool thaw, const Deadline& deadline) {
  return thaw ? mend_by(set, "thaw", "thawed", deadline)
              : mend_by(set, "restart", "restarted", deadline);
}

Result<Step> LocalEngine::do_mend_some(const SetName& set, const Deadline& deadline) {
  return mend_by(set, "restart some", "restarted one of each process", deadline);
}

Result<Step> LocalEngine::mend_by(const SetName& set, std::string_view command,
                                  std::string_view how, const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = fmt::format("mending {}", set.str());
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.reaping)
    return fail(ExitCode::refused, context + ": it is being reaped; deploy its revision again");
  if (before.frozen.empty() && !(before.alive && before.status && before.status->frozen) &&
      !held_back(before))
    return Step{"local", false};
  // That the mark cannot be changed on a full disk must not keep anybody from mending
  if (auto marked = mark(paths, k_cut_mending); !marked)
    host_.log(Level::debug, marked.error().what);
  crash_point("local.mend.marked");
  Result<std::string> done = fail(ExitCode::unknown, "its supervisor is dead");
  if (before.alive) done = ask_if_awake(paths, std::string(command), deadline.at_most(k_restart));
  if (!done && command != "restart" && knows_not(done.error())) {
    how = "restarted";
    done = ask_if_awake(paths, "restart", deadline.at_most(k_restart));
  }
  if (!done && done.error().exit == ExitCode::failed) return fail(done.error().in(context));
  if (!done) {
    if (auto again = start_again(paths, set, deadline); !again)
      return fail(again.error().in(context));
  }
  CDCTL_TRY(unmark(paths));
  crash_point("local.mend.done");
  return Step{"local", true, Json::object({{"how", done ? how : "restarted"}})};
}

// Another number of units: the file `run` says it, and whoever runs the set goes by that.

namespace {

/// What the files of a set that nobody runs say of its units, so that a list tells the new number.
Result<> note_counts(const SetPaths& paths, Status status, const RunPlan& plan) {
  for (std::size_t i = 0; i < plan.units.size(); ++i) {
    if (i == status.units.size()) status.units.emplace_back();
    auto& unit = status.units[i];
    unit.process = plan.units[i].process;
    if (plan.units[i].vacant)
      unit.state = UnitState::vacant;
    else if (!unit.wanted())
      unit.state = UnitState::exited;
  }
  return write_file_atomically(paths / k_status, to_text(status), 0600);
}

/// It answers when it has begun: nobody waits for the end of those that are one too many.
Result<> tell_to_scale(const SetPaths& paths, const Deadline& deadline) {
  const auto told = ask_if_awake(paths, "scale", deadline.at_most(k_restart));
  return told ? Result<>() : fail(told.error());
}

/// To be asked before anything is written: what the files said, and nobody does, would be shown.
/// One that knows the command has nothing to do yet; one that does not answer is told of later.
Result<> refuse_unable(const SetPaths& paths, const Deadline& deadline) {
  const auto told = ask_if_awake(paths, "scale", deadline.at_most(k_restart));
  if (told || !knows_not(told.error())) return {};
  return fail(ExitCode::refused,
              "its supervisor was started by an older cdctl, which cannot scale; nothing was "
              "changed; a set that this cdctl has started can be scaled: deploy the next revision");
}

}  // namespace

Result<Step> LocalEngine::do_scale(const SetName& set, const UnitCounts& units,
                                   const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = "scaling " + set.str();
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return fail(context + ": nothing of it is here any more");
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths, true));
  if (files.reaping) return fail(ExitCode::refused, context + ": it is being reaped");
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(paths / k_run));
  auto plan = text ? parse_run_plan(*text) : std::nullopt;
  if (!plan)
    return fail(ExitCode::refused,
                context +
                    ": its deploy has not come so far yet, or failed; cdctl outdated | cdctl "
                    "deploy finishes it");
  const auto& now_there = files.status ? files.status->units : std::vector<UnitStatus>();
  const auto busy = [&](std::size_t i) {
    return files.alive && i < now_there.size() && now_there[i].state == UnitState::leaving;
  };
  const auto before = counts_of(*plan);
  if (auto scaled = scale_plan(*plan, units, busy); !scaled)
    return fail(scaled.error().in(context));
  const auto after = counts_of(*plan);
  if (files.alive)
    if (auto able = refuse_unable(paths, deadline); !able) return fail(able.error().in(context));
  // What a run that was killed has written down may not be so yet
  const bool changed = before != after || (files.status && files.status->processes() != after);
  if (auto kept = keep_scale(paths, after); !kept) return fail(kept.error().in(context));
  crash_point("local.scale.kept");
  if (before != after)
    if (auto written = write_file_atomically(paths / k_run, to_text(*plan), 0600); !written)
      return fail(written.error().in(context));
  crash_point("local.scale.run");
  auto done = files.alive    ? tell_to_scale(paths, deadline)
              : files.status ? note_counts(paths, *files.status, *plan)
                             : Result<>();
  if (!done) return fail(done.error().in(context));
  crash_point("local.scale.told");
  return Step{"local", changed};
}

// The end of a set: stop it, prove that nothing of it is left, remove it.

Result<Step> LocalEngine::do_stop(const SetName& set, Millis grace, const Deadline& deadline) {
  const auto paths = home_.set(set);
  CDCTL_TRY_ASSIGN(const auto lock, enter(paths, k_lock, deadline));
  if (!lock) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.debris() && !before.reaping) {
    CDCTL_TRY(remove_folder(paths));
    return Step{"local", false};
  }
  if (!before.reaping) CDCTL_TRY(mark_reaping(paths));
  crash_point("local.stop.marked");
  CDCTL_TRY_ASSIGN(const auto halted, halt(paths, set, home_.id(), grace, deadline));
  crash_point("local.stop.halted");
  return Step{"local", halted.anything || !before.reaping};
}

Result<Stopping> LocalEngine::do_begin_stop(const SetName& set, const Grace& grace,
                                            const Deadline& deadline) {
  const auto paths = home_.set(set);
  const Stopping nothing{Step{"local", false}, true, 0, {}};
  CDCTL_TRY_ASSIGN(const auto lock, enter(paths, k_lock, deadline));
  if (!lock) return nothing;
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return nothing;
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.debris() && !before.reaping) {
    CDCTL_TRY(remove_folder(paths));
    return nothing;
  }
  const auto begun = reaping_since(paths);
  if (!begun) CDCTL_TRY(mark_reaping(paths));
  crash_point("local.stop.marked");
  CDCTL_TRY_ASSIGN(const auto left, begin_halt(paths, set, home_.id(), grace, begun, deadline));
  if (left) return Stopping{Step{"local", !begun}, false, left->processes, left->until};
  CDCTL_TRY_ASSIGN(const auto halted, halt(paths, set, home_.id(), Millis(0), deadline));
  crash_point("local.stop.halted");
  return Stopping{Step{"local", halted.anything || !begun}, true, 0, {}};
}

Result<Step> LocalEngine::do_destroy(const SetName& set, const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = "removing " + set.str();
  CDCTL_TRY_ASSIGN(const auto lock, enter(paths, k_lock, deadline));
  if (!lock) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (!before.reaping && !before.debris()) {
    return fail(
        ExitCode::refused,
        context +
            ": it is not being reaped, perhaps it was deployed again meanwhile; stop it first");
  }
  CDCTL_TRY_ASSIGN(const auto halted, halt(paths, set, home_.id(), Millis(0), deadline));
  if (auto gone = prove_gone(paths, halted); !gone) return fail(gone.error().in(context));
  crash_point("local.destroy.proven");
  const auto doubt = unproven(paths, halted);
  const auto keep = log_keep(host_.config());
  if (auto kept = keep ? keep_logs(home_, set, *keep) : Result<>(fail(keep.error())); !kept)
    host_.log(Level::warning, kept.error().in("keeping the logs of " + set.str()).what);
  if (auto removed = remove_folder(paths); !removed) return fail(removed.error().in(context));
  if (!doubt.empty()) return fail(context + ": " + doubt);
  return Step{"local", !before.debris(),
              Json::object({{"proof", halted.proven ? "kernel" : "sweep"}})};
}

Result<std::unique_ptr<UnitLogReader>> LocalEngine::do_logs(const SetName& set,
                                                            const LogQuery& query,
                                                            const Deadline& deadline) {
  (void)deadline;
  const auto paths = home_.set(set);
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths));
  std::map<std::string, std::string> processes;
  if (files.there && !files.debris()) {
    const auto& units = files.status ? files.status->units : std::vector<UnitStatus>();
    for (std::size_t i = 0; i < units.size(); ++i)
      processes.emplace(unit_name(i, units[i].process), units[i].process);
    return std::unique_ptr<UnitLogReader>(
        new LogReader(paths / k_units, paths.folder, std::move(processes), query));
  }
  const auto kept = home_.kept_logs(set);
  std::error_code error;
  if (!std::filesystem::is_directory(kept, error)) return std::unique_ptr<UnitLogReader>();
  return std::unique_ptr<UnitLogReader>(new LogReader(kept, {}, kept_processes(kept), query));
}

}  // namespace cdctl::local
