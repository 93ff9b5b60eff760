#include "plugins/local/supervise/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/paths.hpp"
#include "plugins/local/stop_words.hpp"
#include "plugins/local/supervise/quick_write.hpp"

namespace cdctl::local {

using std::chrono::milliseconds;

namespace {

constexpr auto k_lived_after = std::chrono::minutes(10);
constexpr Millis k_patience(5000), k_look_again(100), k_look_seldom(1000), k_status_retry(5000),
    k_hold(200);

Steady steady_now() { return std::chrono::steady_clock::now(); }

/// A subreaper that has no child left has no descendant left either.
bool childless() {
  return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

/// Whether a process of ours may enter the cgroup: outside root it can be ours and yet closed to
/// where we are now.
bool may_enter(int entrance) {
  const auto pid = ::fork();
  if (pid == 0) ::_exit(::write(entrance, "0", 1) == 1 ? 0 : 1);
  int status = 1;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

Supervisor::Supervisor()
    : control_([this](std::string_view command, Control::Answer answer) {
        handle(command, std::move(answer));
      }) {}

Result<> Supervisor::start() {
  CDCTL_TRY(take_set());
  CDCTL_TRY(make_tracker());
  auto started = [this]() -> Result<> {
    CDCTL_TRY(control_.listen(k_socket));
    CDCTL_TRY(start_units());
    if (!write_status()) return fail(fmt::format("writing {}: {}", k_status, errno_text(errno)));
    return {};
  }();
  if (!started) give_up();
  return started;
}

Result<> Supervisor::take_set() {
  CDCTL_TRY_ASSIGN(alive_, OfdLock::acquire(k_alive, Deadline(Millis(2000))));
  if (!alive_) return fail("another supervisor of this set is alive");
  CDCTL_TRY_ASSIGN(const auto text, read_file(k_run));
  auto plan = parse_run_plan(text);
  if (!plan) return fail("the file run is damaged; deploy the set again");
  plan_ = std::move(*plan);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return fail(fmt::format("becoming a subreaper: {}", errno_text(errno)));
  sigset_t mask;
  sigemptyset(&mask);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&mask, number);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  signals_ = Fd(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return fail(fmt::format("making a signalfd: {}", errno_text(errno)));
  if (::mkdir(k_units, 0700) != 0 && errno != EEXIST)
    return fail(fmt::format("making the folder of the logs: {}", errno_text(errno)));
  return {};
}

Result<> Supervisor::make_tracker() {
  const auto self = look_at(::getpid());
  TrackerRecord record{plan_.set, plan_.home_id, boot_id(), self ? *self : ProcessInfo{}, {}};
  const auto parent = Cgroup::parent();
  if (parent) record.cgroup = *parent / fmt::format("cdctl-{}-{}", plan_.home_id, plan_.set);
  // Before the cgroup is made, so that whoever cleans up after us knows of it
  CDCTL_TRY(write_quickly(k_tracker, to_text(record)));
  if (parent) {
    const Cgroup cgroup(record.cgroup);
    auto entrance = [&]() -> Result<Fd> {
      CDCTL_TRY(cgroup.create());
      CDCTL_TRY(cgroup.freeze(false, Deadline(k_patience)));
      return cgroup.entrance();
    }();
    if (entrance && may_enter(entrance->get())) {
      cgroup_entrance_ = std::move(*entrance);
    } else {
      (void)cgroup.remove();
      record.cgroup.clear();
      if (auto written = write_quickly(k_tracker, to_text(record)); !written) {
        ::unlink(k_tracker);  // nothing was started, so there is nothing to find
        return written;
      }
    }
  }
  tracker_.emplace(std::move(record));
  put_limits(parent);
  return {};
}

Result<> Supervisor::start_units() {
  units_.reserve(plan_.units.size());
  for (const auto& unit : plan_.units) add_unit(unit);
  frozen_ = stands_still_ = held_back();
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].dismissed) continue;
    if (frozen_) {
      units_[i].set_state(UnitState::frozen);
    } else if (auto spawned = begin(units_[i]); !spawned) {
      return fail(spawned.error().in(fmt::format("unit {} ({})", i, plan_.units[i].process)));
    }
  }
  return {};
}

bool Supervisor::held_back() const { return ::access(k_frozen, F_OK) == 0; }
bool Supervisor::any_running() const { return std::ranges::any_of(units_, &Unit::running); }

int Supervisor::work() {
  std::vector<struct pollfd> fds;
  while (!done_) {
    fds.assign(1, {signals_.get(), POLLIN, 0});
    for (const auto& unit : units_) fds.push_back({unit.output(), POLLIN, 0});
    for (const auto& unit : units_)  // poll() skips those that are -1
      fds.push_back({unit.keeper ? unit.keeper->output() : -1, POLLIN, 0});
    control_.add_to(fds);
    if (::poll(fds.data(), fds.size(), poll_timeout()) < 0 && errno != EINTR) return 1;
    for (std::size_t i = 0; i < units_.size(); ++i)
      if (fds[i + 1].revents != 0) units_[i].drain_output();
    hear_keepers();  // before what has ended is started again
    read_signals();
    control_.serve();
    tick();
    write_status();
  }
  return exit_status_;
}

void Supervisor::read_signals() {
  struct signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGCHLD) begin_stop(plan_.grace);
  }
  reap();
}

void Supervisor::reap() {
  bool keeper = false;
  for (;;) {
    siginfo_t info{};
    // Only looked at for now: while the zombie is there, its group's number cannot become somebody
    // else's
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
    for (auto& unit : units_) keeper |= unit.keeper && unit.keeper->ended(info.si_pid);
    const auto unit =
        std::ranges::find_if(units_, [&](const Unit& u) { return u.status.id.pid == info.si_pid; });
    // What it leaves behind would run beside its successor, and may be in the middle of its work.
    // Who is being stopped has heard of it already, and so has who is scaled away.
    if (unit != units_.end() && !kill_at_ && (frozen_ || !unit->dismissed))
      unit->signal_group(frozen_ ? SIGKILL : SIGTERM);
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (unit != units_.end()) bury(*unit, status);
    look_at_ = {};
  }
  if (keeper) hear_keepers();
}

void Supervisor::bury(Unit& unit, int wait_status) {
  const bool out_of_turn = unit.out_of_turn();
  const bool again = !kill_at_ && !frozen_ && !unit.dismissed && unit.startable() && !out_of_turn;
  const auto kills = limits_.oom_kills(unit.index());
  const bool out_of_memory = kills > std::exchange(unit.oom_kills, kills);
  unit.ended(wait_status, again, out_of_memory ? limits_.oom_text(unit.process()) : "");
  // What it left behind keeps the time that it was given when it was dismissed
  if (!again)
    return unit.set_state(unit.dismissed             ? UnitState::vacant
                          : out_of_turn && !kill_at_ ? UnitState::waiting
                                                     : UnitState::exited);
  const auto left = left_of(unit);
  if (left.empty()) {
    if (unit.keeper) unit.keeper->guard(0);
    return;
  }
  for (const auto& process : left)  // its own group has heard it
    if (process.group != unit.session()) send_signal(process, SIGTERM);
  const auto grace = plan_.grace.of(unit.process());
  unit.kill_at = steady_now() + grace;
  unit.log.note(fmt::format("processes that it started get {} to end", to_duration(grace)));
}

/// A set that is stopped takes with it what a unit has started and let go of; a unit that is
/// started again does not.
std::vector<ProcessInfo> Supervisor::left_of(const Unit& unit) const {
  const auto set = fmt::format("{}={}", k_set_variable, plan_.set);
  auto out = kill_at_ ? tracker_->members() : all_processes();
  std::erase_if(out, [&](const ProcessInfo& process) {
    if (kill_at_) return !unit.owns(process, set);
    return process.dead() || process.session != unit.session();
  });
  return out;
}

/// Looks after units that were told to end: KILL when their time is over, free to start again when
/// nothing of them is left.
void Supervisor::end_overdue(Steady at) {
  if (at < look_at_) return;
  look_at_ = at + k_look_seldom;
  for (auto& unit : units_) {
    if (!unit.kill_at || (kill_at_ && at < *unit.kill_at)) continue;
    const auto left = left_of(unit);
    if (left.empty() && !unit.running()) {
      unit.kill_at.reset();
      if (unit.keeper) unit.keeper->guard(0);
    } else if (at >= *unit.kill_at) {
      for (const auto& process : left) send_signal(process, SIGKILL);
      look_at_ = at + k_look_again;
    }
  }
}

/// What runs once is its deploy's: without that, nobody would take note of how it ended, nor keep
/// that of another revision from being run beside it.
void Supervisor::end_if_deserted(Steady at) {
  if (!plan_.once() || kill_at_ || at < look_for_deploy_) return;
  look_for_deploy_ = at + k_look_seldom;
  const auto held = OfdLock::held(AT_FDCWD, k_lock);
  if (!held || *held) return;
  units_.front().log.note("its deploy was killed: it is told to end");
  begin_stop(plan_.grace);
}

void Supervisor::tick() {
  const auto at = steady_now();
  end_if_deserted(at);
  if (kill_at_ && (childless() || at >= *kill_at_)) return finish_stop();
  if (!frozen_) end_overdue(at);
  if (!frozen_) follow_up(at);
  if (!kill_at_ && !frozen_) start_due(at);
  look_after_keepers(at);
  lived_ = lived_ || (!frozen_ && std::ranges::any_of(units_, [&](const Unit& u) {
             return u.running() && at - u.started >= k_lived_after;
           }));
}

void Supervisor::start_due(Steady at) {
  for (auto& unit : units_) {
    if (unit.running() || unit.kill_at || unit.status.state != UnitState::backoff ||
        at < unit.next_start)
      continue;
    if (held_back()) {  // a cut has begun and is about to reach us
      unit.next_start = at + k_hold;
      continue;
    }
    ++unit.status.restarts;
    if (auto spawned = begin(unit); !spawned) unit.could_not_start(spawned.error().what);
  }
}

int Supervisor::poll_timeout() const {
  auto next = steady_now() + milliseconds(60'000);
  const auto consider = [&next](Steady at) { next = std::min(next, at); };
  if (kill_at_) consider(*kill_at_);
  if (retry_status_) consider(*retry_status_);
  if (plan_.once() && !kill_at_) consider(look_for_deploy_);
  if (control_.waiting())
    consider(steady_now() + milliseconds(1000));  // to drop those that say nothing
  for (const auto& unit : units_) {
    if (frozen_) break;
    if (unit.kill_at) consider(std::max(look_at_, kill_at_ ? *unit.kill_at : look_at_));
    if (unit.second_at) consider(*unit.second_at);
    if (kill_at_ && unit.keeper && unit.keeper->running() && !unit.running())
      consider(steady_now() + k_look_again);
    if (kill_at_) continue;
    if (unit.keeper && !unit.keeper->running() && unit.status.state == UnitState::waiting)
      consider(unit.keeper->next_start);
    if (unit.status.state == UnitState::backoff && !unit.kill_at) consider(unit.next_start);
    if (!lived_ && unit.running()) consider(unit.started + k_lived_after);
  }
  return static_cast<int>(std::clamp<std::int64_t>(
      std::chrono::ceil<milliseconds>(next - steady_now()).count(), 0, 60'000));
}

bool Supervisor::reap_until(const std::function<bool()>& done, const Deadline& deadline) {
  for (;;) {
    reap();
    if (done()) return true;
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

Status Supervisor::status() const {
  Status out{tracker_->record().supervisor,
             frozen_ && stands_still_,
             kill_at_.has_value(),
             lived_,
             until_,
             tracker_->record().cgroup.string(),
             {},
             warning_};
  for (const auto& unit : units_) out.units.push_back(unit.status);
  return out;
}

bool Supervisor::write_status() {
  auto text = to_text(status());
  if (text == last_status_) {
    retry_status_.reset();
    return true;
  }
  if (retry_status_ && steady_now() < *retry_status_) return false;
  const auto written = write_quickly(k_status, text);
  retry_status_ = written ? std::nullopt : std::optional(steady_now() + k_status_retry);
  if (written) last_status_ = std::move(text);
  return written.has_value();
}

// What the supervisor is told to do.

void Supervisor::handle(std::string_view command, Control::Answer answer) {
  if (command == "status") return answer(to_text(status()));
  if (command.starts_with("stop ")) {
    stop_answers_.push_back(std::move(answer));
    return begin_stop(at_most(grace_in(command.substr(5))));
  }
  if (command.starts_with("end ")) {
    begin_stop(parse_grace(command.substr(4)));
    write_status();
    return answer("ok\n");
  }
  if (kill_at_ && command == "freeze") {  // what is cut takes its time no longer
    stop_answers_.push_back(std::move(answer));
    return begin_stop(at_most(Millis(0)));
  }
  if (kill_at_) return answer("error: the set is being stopped\n");
  Result<> done;
  if (command == "freeze") {
    done = freeze();
  } else if (command == "scale") {
    done = scale();
  } else if (command == "thaw") {
    done = thaw();
  } else if (command == "restart") {
    done = restart(false);
  } else if (command == "restart some") {
    done = restart(true);
  } else {
    done = fail("no such command");
  }
  write_status();  // before the answer: whoever looks after it sees what was done
  answer(done ? std::string("ok\n") : "error: " + done.error().what + "\n");
}

Result<> Supervisor::freeze() {
  frozen_ = true;  // from here on nothing is started, even if not all can be stopped
  CDCTL_TRY(tracker_->freeze(Deadline(k_patience)));
  stands_still_ = true;
  for (auto& unit : units_)
    if (unit.running() && !unit.dismissed) unit.set_state(UnitState::frozen);
  return {};
}

Result<> Supervisor::thaw(bool some) {
  if (::unlink(k_frozen) != 0 && errno != ENOENT)
    return fail(fmt::format("removing {}: {}", k_frozen, errno_text(errno)));
  // What stood still has lost its turn, and must not make a step before it hears so
  for (auto& unit : units_) {
    if (!frozen_ || !unit.keeper) continue;
    end_at_once(unit);
    unit.keeper->drop();
  }
  CDCTL_TRY(tracker_->thaw(Deadline(k_patience)));
  frozen_ = stands_still_ = false;
  for (auto& unit : units_)
    if (unit.running() && !unit.dismissed && !unit.out_of_turn()) unit.set_state(UnitState::up);
  return start_the_idle(some);
}

Result<> Supervisor::restart(bool some) {
  // A cut that never reached us has stopped nothing: what runs is in the middle of its work
  if (!frozen_ && !tracker_->frozen()) return thaw(some);
  frozen_ = true;  // so that the killed ones are not started by the way
  CDCTL_TRY(tracker_->kill(Deadline(k_patience)));
  if (!reap_until([this] { return !any_running(); }, Deadline(k_patience)))
    return fail("a killed unit does not end");
  if (::unlink(k_frozen) != 0 && errno != ENOENT)
    return fail(fmt::format("removing {}: {}", k_frozen, errno_text(errno)));
  if (cgroup_entrance_.valid())
    CDCTL_TRY(Cgroup(tracker_->record().cgroup).freeze(false, Deadline(k_patience)));
  frozen_ = stands_still_ = false;
  for (auto& unit : units_) {
    unit.kill_at.reset();
    if (unit.keeper) unit.keeper->drop();  // killed with the others
  }
  return start_the_idle(some);
}

/// `some`: one of each process type.
Result<> Supervisor::start_the_idle(bool some) {
  Result<> out;
  on_trial_ = some;
  std::set<std::string> begun;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].dismissed) continue;
    const bool first = begun.insert(units_[i].process()).second;
    if (units_[i].running() || units_[i].kill_at || !units_[i].startable()) continue;
    if (some && (!first || left_out_on_trial(units_[i]))) {
      units_[i].set_state(UnitState::exited);
      continue;
    }
    const auto spawned = begin(units_[i]);
    if (spawned) continue;
    units_[i].could_not_start(spawned.error().what);  // and is tried again
    if (out) out = fail(spawned.error().in(fmt::format("unit {} ({})", i, plan_.units[i].process)));
  }
  return out;
}

/// The same for all processes, told as the deploy has said.
Grace Supervisor::at_most(Millis grace) const { return {grace, {}, plan_.grace.ways}; }

/// Said again, it only shortens: a time that is granted is not prolonged by who asks later.
void Supervisor::begin_stop(const Grace& grace) {
  const auto at = steady_now();
  const bool first = !kill_at_;
  if (first && !frozen_) terminate(grace);
  auto last = at;
  for (auto& unit : units_) {
    const auto until = at + (frozen_ ? Millis(0) : grace.of(unit.process()));
    if (first || unit.kill_at) unit.kill_at = std::min(unit.kill_at.value_or(until), until);
    if (unit.kill_at) last = std::max(last, *unit.kill_at);
    if (!unit.running() && !unit.dismissed) unit.set_state(UnitState::exited);
  }
  kill_at_ = first ? last : std::min(*kill_at_, last);
  until_ = now() + std::chrono::ceil<Millis>(*kill_at_ - at);
  look_at_ = {};
}

/// TERM to every process of the set that is to have it, once: some take a second one for "at once".
void Supervisor::terminate(const Grace& grace) {
  const auto at = steady_now();
  const auto set = fmt::format("{}={}", k_set_variable, plan_.set);
  std::set<pid_t> told;
  for (auto& unit : units_) {
    if (unit.dismissed) {  // it was told when it was
      if (unit.running() || unit.kill_at) told.insert(unit.session());
      continue;
    }
    const auto way = grace.way_of(unit.process());
    unit.second = way.again;
    if (way.again != 0) unit.second_at = at + way.after;
    if (way.main_only && unit.running()) {
      unit.tell_main();
      continue;
    }
    unit.signal_group(SIGTERM);  // all of it in one moment, those that it forks just now included
    if (unit.running() || unit.kill_at) told.insert(unit.session());
  }
  tracker_->terminate([&](const ProcessInfo& process) {
    return told.contains(process.group) || std::ranges::any_of(units_, [&](const Unit& unit) {
             return unit.spares_helpers && unit.owns(process, set);
           });
  });
}

/// What comes after TERM: the second signal, and TERM to what a main process has left behind.
void Supervisor::follow_up(Steady at) {
  for (auto& unit : units_) {
    const auto main_left = unit.main_left();
    if (unit.spares_helpers && main_left.empty()) {
      unit.spares_helpers = false;
      for (const auto& process : left_of(unit)) send_signal(process, SIGTERM);
    }
    if (!unit.second_at || at < *unit.second_at) continue;
    unit.second_at.reset();
    auto addressed = main_left;
    if (!unit.spares_helpers) std::ranges::copy(left_of(unit), std::back_inserter(addressed));
    for (const auto& process : addressed) send_signal(process, unit.second);
  }
}

void Supervisor::give_up() {
  begin_stop(at_most(Millis(0)));
  finish_stop();
}

void Supervisor::finish_stop() {
  const Deadline patience(k_patience);
  auto gone = tracker_->kill(patience);
  // One that was born, or lost its parent, while /proc was read is missed by a look: so look again
  while (gone && !reap_until(childless, patience.at_most(k_look_again))) {
    gone = patience.passed() ? Result<>(fail("a killed process does not end"))
                             : tracker_->kill(patience);
  }
  if (gone && !tracker_->record().cgroup.empty()) gone = Cgroup(tracker_->record().cgroup).remove();
  if (gone) ::unlink(k_tracker);  // now, and only now: all are proven gone
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
