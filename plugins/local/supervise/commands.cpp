// What the supervisor is told to do.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/paths.hpp"
#include "plugins/local/supervise/supervisor.hpp"

namespace cdctl::local {

namespace {
constexpr Millis k_patience(5000), k_look_again(100);
}

void Supervisor::handle(std::string_view command, Control::Answer answer) {
  if (command == "status") return answer(to_text(status()));
  if (command.starts_with("stop ")) {
    std::int64_t grace = 0;
    const auto digits = command.substr(5);
    std::from_chars(digits.data(), digits.data() + digits.size(), grace);
    stop_answers_.push_back(std::move(answer));
    return begin_stop(Millis(std::clamp<std::int64_t>(grace, 0, 86'400'000)));
  }
  if (kill_at_) return answer("error: the set is being stopped\n");
  Result<> done;
  if (command == "freeze") {
    done = freeze();
  } else if (command == "thaw") {
    done = thaw();
  } else if (command == "restart") {
    done = restart();
  } else {
    done = fail("no such command");
  }
  write_status();  // before the answer: whoever looks after it sees what was done
  answer(done ? std::string("ok\n") : "error: " + done.error().what + "\n");
}

Result<> Supervisor::freeze() {
  frozen_ = true;  // from here on nothing is started, even if not all can be stopped
  CDCTL_TRY(fence_->freeze(Deadline(k_patience)));
  stands_still_ = true;
  for (auto& unit : units_)
    if (unit.running()) unit.set_state(UnitState::frozen);
  return {};
}

Result<> Supervisor::thaw() {
  if (::unlink(k_frozen) != 0 && errno != ENOENT)
    return fail(fmt::format("removing {}: {}", k_frozen, errno_text(errno)));
  CDCTL_TRY(fence_->thaw(Deadline(k_patience)));
  frozen_ = stands_still_ = false;
  for (auto& unit : units_)
    if (unit.running()) unit.set_state(UnitState::up);
  return start_the_idle();
}

Result<> Supervisor::restart() {
  frozen_ = true;  // so that the killed ones are not started by the way
  CDCTL_TRY(fence_->kill(Deadline(k_patience)));
  if (!reap_until([this] { return !any_running(); }, Deadline(k_patience)))
    return fail("a killed unit does not end");
  if (::unlink(k_frozen) != 0 && errno != ENOENT)
    return fail(fmt::format("removing {}: {}", k_frozen, errno_text(errno)));
  if (cgroup_entrance_.valid())
    CDCTL_TRY(Cgroup(fence_->record().cgroup).freeze(false, Deadline(k_patience)));
  frozen_ = stands_still_ = false;
  return start_the_idle();
}

Result<> Supervisor::start_the_idle() {
  Result<> out;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].running()) continue;
    const auto spawned = units_[i].spawn(setting());
    if (spawned) continue;
    units_[i].could_not_start(spawned.error().what);  // and is tried again
    if (out) out = fail(spawned.error().in(fmt::format("unit {} ({})", i, plan_.units[i].process)));
  }
  return out;
}

void Supervisor::begin_stop(Millis grace) {
  const auto until = std::chrono::steady_clock::now() + (frozen_ ? Millis(0) : grace);
  const bool first = !kill_at_;
  kill_at_ = first ? until : std::min(*kill_at_, until);
  for (auto& unit : units_) {
    if (!unit.running()) unit.set_state(UnitState::exited);
    if (first && !frozen_) unit.signal_group(SIGTERM);
  }
}

void Supervisor::give_up() {
  begin_stop(Millis(0));
  finish_stop();
}

void Supervisor::finish_stop() {
  // A subreaper that has no child left has no descendant left either
  const auto childless = [] {
    return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
  };
  const Deadline patience(k_patience);
  auto gone = fence_->kill(patience);
  // One that was born, or lost its parent, while /proc was read is missed by a look: so look again
  while (gone && !reap_until(childless, patience.at_most(k_look_again))) {
    gone = patience.passed() ? Result<>(fail("a killed process does not end"))
                             : fence_->kill(patience);
  }
  if (gone && !fence_->record().cgroup.empty()) gone = Cgroup(fence_->record().cgroup).remove();
  if (gone) ::unlink(k_fence);  // now, and only now: all are proven gone
  for (auto& unit : units_) unit.drain_output();
  retry_status_.reset();
  write_status();
  ::unlink(k_socket);
  for (const auto& answer : stop_answers_)
    answer(gone ? std::string("ok\n") : "error: " + gone.error().what + "\n");
  exit_status_ = gone ? 0 : 1;
  done_ = true;
}

}  // namespace cdctl::local
