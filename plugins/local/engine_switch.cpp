// The engine as a switch: cut a set from the world and let it back.

#include <cerrno>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "plugins/local/client.hpp"
#include "plugins/local/engine.hpp"
#include "plugins/local/entry.hpp"
#include "plugins/local/launch.hpp"

namespace cdctl::local {

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
  CDCTL_TRY_ASSIGN(const auto reading, read_set(paths, true));
  if (reading.alive) {
    const auto done = ask_if_awake(paths, "freeze", deadline.at_most(k_freeze));
    if (done) return {};
    if (done.error().exit == ExitCode::failed) return fail(done.error());
  }
  // Dead, or it does not answer; then it starts nothing either, and sees the mark before it would
  CDCTL_TRY_ASSIGN(const auto record, read_fence(paths));
  if (!record || record->boot != boot_id()) return {};
  return Fence(*record).freeze(deadline.at_most(k_freeze));
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
  CDCTL_TRY_ASSIGN(const auto fence, fence_of(paths, set, home_.id()));
  return Step{"local", before.frozen != k_cut_done,
              Json::object({{"frozen", static_cast<std::int64_t>(fence.count())}})};
}

Result<> LocalEngine::start_again(const SetPaths& paths, const SetName& set,
                                  const Deadline& deadline) {
  CDCTL_TRY(halt(paths, set, home_.id(), Millis(0), deadline));
  crash_point("local.mend.halted");
  CDCTL_TRY(unmark(paths));
  crash_point("local.mend.unmarked");
  if (::access((paths / k_run).c_str(), F_OK) != 0)
    return {};  // nothing was started yet, or a deploy cleans it just now
  return launch(host_, paths, scope_words(systemd_runs(), ::geteuid() == 0), deadline);
}

Result<Step> LocalEngine::do_mend(const SetName& set, bool thaw, const Deadline& deadline) {
  const auto paths = home_.set(set);
  const auto context = fmt::format("mending {}", set.str());
  CDCTL_TRY_ASSIGN(const auto op, enter(paths, k_op, deadline));
  if (!op) return Step{"local", false};
  CDCTL_TRY_ASSIGN(const auto before, read_set(paths, true));
  if (before.reaping)
    return fail(ExitCode::refused, context + ": it is being reaped; deploy its revision again");
  if (before.frozen.empty() && !(before.alive && before.status && before.status->frozen))
    return Step{"local", false};
  // That the mark cannot be changed on a full disk must not keep anybody from mending
  if (auto marked = mark(paths, k_cut_mending); !marked)
    host_.log(Level::debug, marked.error().what);
  crash_point("local.mend.marked");
  Result<std::string> done = fail(ExitCode::unknown, "its supervisor is dead");
  if (before.alive)
    done = ask_if_awake(paths, thaw ? "thaw" : "restart", deadline.at_most(k_restart));
  if (!done && done.error().exit == ExitCode::failed) return fail(done.error().in(context));
  if (!done) {
    if (auto again = start_again(paths, set, deadline); !again)
      return fail(again.error().in(context));
  }
  CDCTL_TRY(unmark(paths));
  crash_point("local.mend.done");
  return Step{"local", true, Json::object({{"how", done && thaw ? "thawed" : "restarted"}})};
}

}  // namespace cdctl::local
