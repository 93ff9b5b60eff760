#include "plugins/local/supervise/keeper_line.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/secret.hpp>
#include <cdctl/singleton.hpp>

#include "plugins/local/supervise/unit.hpp"

namespace cdctl::local {

namespace {

constexpr std::chrono::milliseconds k_first_pause(1000), k_last_pause(30'000), k_steady(60'000);
constexpr std::size_t k_longest_line = 4096;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// The child's side between fork and exec. Nobody hears what goes wrong but by its end.
[[noreturn]] void become(char** argv, char** envp, int entrance, int end) {
  ::setsid();
  if (entrance >= 0 && ::write(entrance, "0", 1) != 1) ::_exit(127);
  ::dup2(end, 0);
  ::dup2(end, 1);
  if (const int null_fd = ::open("/dev/null", O_WRONLY); null_fd >= 0) ::dup2(null_fd, 2);
  ::close_range(3, ~0U, 0);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  // It ends with its input alone: TERM goes to every process of a set that is stopped, and it has
  // to stay until its unit is gone.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(argv[0], argv, envp);
  ::_exit(127);
}

}  // namespace

Result<> KeeperLine::start(const UnitSetting& setting) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return fail(fmt::format("making a socket for its keeper: {}", errno_text(errno)));
  Fd ours(fds[0]);
  const Fd theirs(fds[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  auto argv = argv_;
  std::vector<std::string> env;
  for (const auto& [name, value] : setting.env) env.push_back(name + "=" + value);
  auto argv_pointers = pointers(argv), env_pointers = pointers(env);
  const auto pid = ::fork();
  if (pid < 0) return fail(fmt::format("starting its keeper: {}", errno_text(errno)));
  if (pid == 0)
    become(argv_pointers.data(), env_pointers.data(), setting.cgroup_entrance, theirs.get());
  read_end_ = std::move(ours);
  heard_.clear();
  started_ = std::chrono::steady_clock::now();
  holds_ = yielding = false;
  guarded_ = 0;
  pid_ = pid;
  return {};
}

bool KeeperLine::ended(pid_t pid) {
  if (pid != pid_) return false;
  pid_ = 0;
  return true;
}

std::vector<KeeperLine::Said> KeeperLine::hear(LogFile& log) {
  std::vector<Said> out;
  if (!running()) return out;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(read_end_.get(), buffer, sizeof buffer)) > 0)
    heard_.append(buffer, static_cast<std::size_t>(got));
  // Something that it has started may hold the other end, and guards nothing
  const bool gone = pid_ == 0 || got == 0 || (errno != EAGAIN && errno != EINTR);
  for (std::size_t end = 0; (end = heard_.find('\n')) != std::string::npos;) {
    const auto line = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    if (line == k_keeper_yours) {
      holds_ = true;
      out.push_back(Said::yours);
    } else if (line.starts_with(k_keeper_asked)) {
      log.note("handing over to " + line.substr(k_keeper_asked.size()));
      out.push_back(Said::asked);
    } else if (line.starts_with(k_keeper_lost)) {
      log.note("it may not run any more: " + line.substr(k_keeper_lost.size()));
      holds_ = yielding = false;
      out.push_back(Said::lost);
    } else if (line.starts_with(k_keeper_note)) {
      log.note(line.substr(k_keeper_note.size()));
    }
  }
  if (gone || heard_.size() > k_longest_line) {
    log.note("its keeper has ended; it may not run without one");
    drop();
    const auto at = std::chrono::steady_clock::now();
    pause_ = at - started_ > k_steady || pause_.count() == 0 ? k_first_pause
                                                             : std::min(pause_ * 2, k_last_pause);
    next_start = at + pause_;
    out.push_back(Said::lost);
  }
  return out;
}

/// A few bytes into an empty socket: it is full only if the keeper has stood still for long, and
/// then it fences itself before it reads on.
void KeeperLine::tell(std::string_view line) {
  if (running()) (void)!::send(read_end_.get(), line.data(), line.size(), MSG_NOSIGNAL);
}

void KeeperLine::guard(pid_t leader) {
  if (guarded_ != leader) tell(fmt::format("{}{}\n", k_keeper_guard, leader));
  guarded_ = leader;
}

void KeeperLine::free() {
  guard(0);
  holds_ = yielding = false;
  tell(fmt::format("{}\n", k_keeper_free));
}

void KeeperLine::end() {
  free();
  drop();
}

void KeeperLine::drop() {
  read_end_.reset();
  pid_ = 0;
  holds_ = yielding = false;
  next_start = {};
}

}  // namespace cdctl::local
