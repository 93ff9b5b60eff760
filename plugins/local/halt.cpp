#include "plugins/local/halt.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/client.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/set_files.hpp"
#include "plugins/local/stop_words.hpp"
#include "plugins/local/terminate.hpp"

namespace cdctl::local {

namespace {

constexpr Millis k_kill(10'000);        // to end what was killed
constexpr Millis k_stop_extra(12'000);  // what a stop may take beyond the grace
constexpr Millis k_tell(3000), k_old_tell(100), k_leave(1000);

/// How its deploy has said that its units are told to end.
Grace ways_of(const SetPaths& paths) {
  const auto text = read_file_if_there(paths / k_run);
  const auto plan = text && *text ? parse_run_plan(**text) : std::nullopt;
  return plan ? plan->grace : Grace{};
}

/// Where limits are in force the supervisor is in a cgroup of its own, beside that of its set: it
/// cannot remove that itself, and is still in it for a moment when its lock is free.
void remove_supervisors_cgroup(const SetFiles& files, const Deadline& deadline) {
  if (!files.status || files.status->cgroup.empty()) return;
  const auto own = Cgroup(files.status->cgroup).supervisors();
  const auto patience = deadline.at_most(k_leave);
  while (own.there() && !own.remove() && !patience.passed()) std::this_thread::sleep_for(Millis(5));
}

/// The supervisor does not answer: we do what it would.
Result<> end_without_supervisor(const ProcessTracker& tracker, const SetFiles& files,
                                const Grace& ways, Millis grace, const Deadline& deadline) {
  if (tracker.record().supervisor.pid <= 0) {
    return fail(
        fmt::format("stopping {}: its supervisor does not answer and is not written down; find it "
                    "with `pgrep -f cdctl-supervise`",
                    tracker.record().set));
  }
  if (!tracker.frozen()) {
    terminate_units(tracker, files.status, ways);
    (void)tracker.wait_empty(deadline.at_most(grace));
  }
  if (send_signal(tracker.record().supervisor, SIGKILL) == Sent::denied) {
    return fail(fmt::format("stopping {}: we may not kill its supervisor, process {}",
                            tracker.record().set, tracker.record().supervisor.pid));
  }
  return {};
}

/// Whether the supervisor has heard it. One of before an upgrade does not know that command: it
/// gets the longest grace for all, and we do not stay for its answer.
Result<bool> tell_to_end(const SetPaths& paths, const SetFiles& files, const Grace& grace,
                         const Deadline& deadline) {
  const auto told = ask_if_awake(paths, "end " + grace_words(grace), deadline.at_most(k_tell));
  if (told) return true;
  if (told.error().exit != ExitCode::failed) return false;
  if (!files.status || !files.status->stopping)
    (void)ask(paths, fmt::format("stop {}", grace.longest().count()), deadline.at_most(k_old_tell));
  return true;
}

Result<> wait_until_dead(const SetPaths& paths, const Deadline& deadline) {
  for (Millis pause(1);; pause = std::min(pause * 2, Millis(10))) {
    CDCTL_TRY_ASSIGN(const auto files, read_set(paths, true));
    if (!files.alive) return {};
    if (deadline.passed()) {
      return fail(fmt::format("stopping {}: its supervisor does not end",
                              paths.folder.filename().string()));
    }
    std::this_thread::sleep_for(pause);
  }
}

Result<> stop_supervisor(const SetPaths& paths, const SetFiles& files,
                         const ProcessTracker& tracker, Millis grace, const Deadline& deadline) {
  const auto command = fmt::format("stop {}", std::min(grace, deadline.left()).count());
  const auto answered = ask_if_awake(paths, command, deadline.at_most(grace + k_stop_extra));
  if (!answered && answered.error().exit == ExitCode::failed)
    return fail(answered.error().in("stopping " + tracker.record().set));
  if (!answered) CDCTL_TRY(end_without_supervisor(tracker, files, ways_of(paths), grace, deadline));
  return wait_until_dead(paths, deadline.at_most(k_kill));
}

}  // namespace

Result<ProcessTracker> tracker_of(const SetPaths& paths, const SetName& name,
                                  const std::string& home_id) {
  CDCTL_TRY_ASSIGN(auto record, read_tracker(paths));
  if (record && !record->set.empty()) return ProcessTracker(std::move(*record));
  return ProcessTracker(TrackerRecord{name.str(), home_id, {}, {}, {}});
}

Result<std::optional<InGrace>> begin_halt(const SetPaths& paths, const SetName& name,
                                          const std::string& home_id, const Grace& grace,
                                          std::optional<Time> begun, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto files, read_set(paths, true));
  const auto at = now();
  CDCTL_TRY_ASSIGN(const auto tracker, tracker_of(paths, name, home_id));
  const auto still = [&](Time until) {
    return InGrace{static_cast<std::int64_t>(tracker.count()), until};
  };
  if (files.alive) {
    const auto until = files.status && files.status->stopping ? files.status->until : std::nullopt;
    // It is at it already, and nobody wants it sooner
    if (begun && until && *until <= at + grace.longest() && at <= *until + k_stop_extra)
      return still(*until);
    CDCTL_TRY_ASSIGN(const bool heard, tell_to_end(paths, files, grace, deadline));
    CDCTL_TRY_ASSIGN(files, read_set(paths, true));
    if (!files.alive) return std::nullopt;
    const auto latest = files.status && files.status->until ? *files.status->until
                                                            : begun.value_or(at) + grace.longest();
    if (heard && at <= latest + k_stop_extra) return still(latest);
  }
  const auto& record = tracker.record();
  if (record.boot.empty() || record.boot != boot_id()) return std::nullopt;
  if (tracker.members().empty() || tracker.frozen()) return std::nullopt;
  if (!begun) terminate_units(tracker, files.status, grace);
  const auto until = begun.value_or(at) + grace.longest();
  return at < until ? std::optional(still(until)) : std::nullopt;
}

Result<Halted> halt(const SetPaths& paths, const SetName& name, const std::string& home_id,
                    Millis grace, const Deadline& deadline) {
  Halted out;
  CDCTL_TRY_ASSIGN(const auto files, read_set(paths, true));
  if (files.alive) {
    out.anything = true;
    CDCTL_TRY_ASSIGN(const auto tracker, tracker_of(paths, name, home_id));
    CDCTL_TRY(stop_supervisor(paths, files, tracker, grace, deadline));
  }
  remove_supervisors_cgroup(files, deadline);
  CDCTL_TRY_ASSIGN(const auto left, read_tracker(paths));
  if (!left) return out;  // never started, or its supervisor has proven all of it gone
  CDCTL_TRY_ASSIGN(const auto tracker, tracker_of(paths, name, home_id));
  const bool booted_since = !tracker.record().boot.empty() && tracker.record().boot != boot_id();
  if (!booted_since) {
    const bool any = !tracker.members().empty();
    if (any && !files.alive && grace > Millis(0) && !tracker.frozen()) {
      terminate_units(tracker, files.status, ways_of(paths));
      (void)tracker.wait_empty(deadline.at_most(grace));
    }
    out.anything = out.anything || any;
    CDCTL_TRY(tracker.kill(deadline.at_most(k_kill)));
    if (!tracker.record().cgroup.empty()) CDCTL_TRY(Cgroup(tracker.record().cgroup).remove());
  }
  out.proven = booted_since || !tracker.record().cgroup.empty();
  if (out.proven && ::unlink((paths / k_tracker).c_str()) != 0 && errno != ENOENT) {
    return fail(fmt::format("removing {}: {}", (paths / k_tracker).string(), errno_text(errno)));
  }
  return out;
}

}  // namespace cdctl::local
