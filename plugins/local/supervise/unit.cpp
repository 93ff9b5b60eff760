#include "plugins/local/supervise/unit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/roles/engine.hpp>
#include <cdctl/secret.hpp>

#include "plugins/local/main_processes.hpp"
#include "plugins/local/paths.hpp"

namespace cdctl::local {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds k_first_backoff(100), k_last_backoff(30'000), k_steady(60'000);

enum class Step : int { cgroup, directory, shell };
constexpr std::array<const char*, 3> k_steps{"entering its cgroup",
                                             "entering its working directory", "starting /bin/sh"};
struct Trouble {
  Step step;
  int error;
};

/// The child's side between fork and exec. Everything it needs was made before the fork.
struct Plunge {
  char** argv;
  char** envp;
  const char* directory;
  int cgroup_entrance;
  int null_fd, output, trouble;
  pid_t supervisor;

  [[noreturn]] void fail(Step step) const {
    const Trouble what{step, errno};
    (void)!::write(trouble, &what, sizeof what);
    ::_exit(127);
  }
  [[noreturn]] void go() const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != supervisor) ::_exit(127);  // it died before the line above
    ::setsid();
    if (cgroup_entrance >= 0 && ::write(cgroup_entrance, "0", 1) != 1) fail(Step::cgroup);
    ::dup2(null_fd, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    if (::chdir(directory) != 0) fail(Step::directory);
    ::umask(022);
    const CoreLimitAsBefore for_the_unit;
    for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve("/bin/sh", argv, envp);
    fail(Step::shell);
  }
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Waits until the child has become the shell (nothing is said) or says what went wrong. Were it
/// frozen on the way, by someone who freezes the cgroup without asking us, then we go on after two
/// seconds.
std::optional<Trouble> hear(int fd) {
  struct pollfd ready{fd, POLLIN, 0};
  while (::poll(&ready, 1, 2000) < 0 && errno == EINTR) {
  }
  Trouble what{};
  if (ready.revents != 0 && ::read(fd, &what, sizeof what) == sizeof what) return what;
  return {};
}

std::string unit_line(std::string_view name) { return fmt::format("CDCTL_UNIT={}", name); }

/// A value of the set's environment, with what the unit is called where that is wanted.
std::string for_unit(std::string value, const std::string& name) {
  for (std::size_t at = 0; (at = value.find(k_unit_placeholder, at)) != std::string::npos;
       at += name.size())
    value.replace(at, k_unit_placeholder.size(), name);
  return value;
}

}  // namespace

Unit::Unit(std::size_t index, UnitPlan plan)
    : log(unit_log(unit_name(index, plan.process))),
      index_(index),
      name_(unit_name(index, plan.process)),
      plan_(std::move(plan)) {
  status.process = plan_.process;
  status.since = now();
  dismissed = plan_.vacant;
  if (dismissed) status.state = UnitState::vacant;
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) == 0) {
    read_end_ = Fd(fds[0]);
    write_end_ = Fd(fds[1]);
    ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  }
}

void Unit::set_state(UnitState state) {
  if (status.state != state) status.since = now();
  status.state = state;
}

Result<> Unit::spawn(const UnitSetting& setting) {
  told_.clear();
  spares_helpers = false;
  second_at.reset();
  int fds[2];
  if (!write_end_.valid() || ::pipe2(fds, O_CLOEXEC) != 0)
    return fail(fmt::format("making a pipe: {}", errno_text(errno)));
  const Fd trouble_read(fds[0]);
  Fd trouble_write(fds[1]);
  const Fd null_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<std::string> argv{"sh", "-c", plan_.command}, env;
  for (const auto& [name, value] : setting.env) env.push_back(name + "=" + for_unit(value, name_));
  env.push_back(unit_line(name_));
  env.push_back("CDCTL_PROCESS=" + plan_.process);
  auto argv_pointers = pointers(argv), env_pointers = pointers(env);
  const Plunge plunge{argv_pointers.data(),    env_pointers.data(), setting.directory.c_str(),
                      setting.cgroup_entrance, null_fd.get(),       write_end_.get(),
                      trouble_write.get(),     ::getpid()};
  const auto pid = ::fork();
  if (pid < 0) return fail(fmt::format("starting a process: {}", errno_text(errno)));
  if (pid == 0) plunge.go();
  trouble_write.reset();
  if (const auto trouble = hear(trouble_read.get())) {
    ::waitpid(pid, nullptr, 0);
    return fail(fmt::format("{} {}: {}", k_steps[static_cast<std::size_t>(trouble->step)],
                            trouble->step == Step::directory ? setting.directory : std::string(),
                            errno_text(trouble->error)));
  }
  const auto info = look_at(pid);
  status.id = {pid, info ? info->start : 0};
  session_ = pid;
  started = std::chrono::steady_clock::now();
  status.since = now();
  status.state = UnitState::up;
  return {};
}

void Unit::plan_restart(milliseconds lived) {
  if (lived >= k_steady) backoff_ = milliseconds(0);
  backoff_ = backoff_.count() == 0 ? k_first_backoff : std::min(backoff_ * 2, k_last_backoff);
  next_start = std::chrono::steady_clock::now() + backoff_;
  set_state(UnitState::backoff);
  log.note(fmt::format("{}; starts again in {}", status.last_exit, to_duration(backoff_)));
}

void Unit::ended(int wait_status, bool again, const std::string& cause) {
  drain_output();
  status.id = {};
  status.last_exit =
      WIFSIGNALED(wait_status)
          ? fmt::format("signal {} ({})", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)))
          : fmt::format("exit status {}", WEXITSTATUS(wait_status));
  if (!cause.empty()) status.last_exit += ": " + cause;
  if (!again) return log.note(status.last_exit);
  plan_restart(
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started));
}

void Unit::could_not_start(const std::string& why) {
  status.id = {};
  status.last_exit = "could not start: " + why;
  plan_restart(milliseconds(0));
}

void Unit::signal_group(int signal) const {
  // Our own child that we have not waited for: its pid, and so its group's, cannot be anybody
  // else's
  if (running()) ::kill(-status.id.pid, signal);
}

void Unit::tell_main() {
  spares_helpers = true;
  const auto first = look_at(status.id.pid);
  if (!first) return;
  for (const auto& process : main_processes(*first, all_processes())) {
    send_signal(process, SIGTERM);
    told_.push_back(process);
  }
}

std::vector<ProcessId> Unit::main_left() const {
  std::vector<ProcessId> out;
  std::ranges::copy_if(told_, std::back_inserter(out), runs);
  return out;
}

bool Unit::owns(const ProcessInfo& process, std::string_view set) const {
  return process.session == session_ || has_in_environment(process.pid, unit_line(name_), set);
}

void Unit::drain_output() {
  char buffer[1 << 16];
  // At most 1 MiB in one go, so that a chatty unit does not keep the others waiting
  for (int i = 0; i < 16; ++i) {
    const auto got = ::read(read_end_.get(), buffer, sizeof buffer);
    if (got <= 0) return;
    log.write(std::string_view(buffer, static_cast<std::size_t>(got)));
  }
}

}  // namespace cdctl::local
