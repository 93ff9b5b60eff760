#include <cdctl/process.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/names.hpp>

extern char** environ;

// The program and each plugin hold a copy of this library. What a signal handler noted must be the same in all of them,
// so this one symbol is exported, and the dynamic linker binds every copy to the program's (sdk/CMakeLists.txt).
struct CdctlStopState {
  std::atomic<int> signal{0};  // set by the handler; the only state a signal handler may touch
  std::atomic<int> fd[2] = {-1, -1};
};
extern "C" {
extern __attribute__((visibility("default"))) CdctlStopState cdctl_stop_state;
__attribute__((visibility("default"))) constinit CdctlStopState cdctl_stop_state;
}

namespace cdctl {

namespace {

extern "C" void on_stop_signal(int number) {
  int expected = 0;
  if (!cdctl_stop_state.signal.compare_exchange_strong(expected, number)) _exit(128 + number);
  const char byte = 0;
  if (const int fd = cdctl_stop_state.fd[1]; fd >= 0) (void)!::write(fd, &byte, 1);
}

}  // namespace

int Stop::signal() { return cdctl_stop_state.signal; }
int Stop::fd() { return cdctl_stop_state.fd[0]; }
void Stop::install() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0) {
    cdctl_stop_state.fd[0] = fds[0];
    cdctl_stop_state.fd[1] = fds[1];
  }
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
}

void crash_point(std::string_view name) {
  const char* wanted = std::getenv("CDCTL_TEST_CRASH_AT");
  if (!wanted) return;
  std::string_view text(wanted);
  const bool only_stop = text.starts_with('~');  // `~name`: stand still there, as on a machine that was suspended
  if (only_stop) text.remove_prefix(1);
  int times = 1;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    times = std::atoi(std::string(text.substr(colon + 1)).c_str());
    text = text.substr(0, colon);
  }
  static std::atomic<int> seen{0};
  if (text == name && ++seen == times) ::kill(::getpid(), only_stop ? SIGSTOP : SIGKILL);
}

std::string Finished::how() const {
  if (interrupted) return "interrupted";
  if (timed_out) return fmt::format("deadline passed after {}", to_duration(wall));
  if (signal != 0) return fmt::format("signal {} ({})", signal, strsignal(signal));
  return fmt::format("exit status {}", status);
}

std::optional<std::filesystem::path> find_program(std::string_view program) {
  if (program.empty()) return {};
  if (program.contains('/')) {
    std::filesystem::path path(program);
    return ::access(path.c_str(), X_OK) == 0 ? std::optional(path) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const auto folder = rest.substr(0, colon);
    if (folder.starts_with('/')) {
      auto candidate = std::filesystem::path(folder) / program;
      std::error_code ignored;
      if (::access(candidate.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(candidate, ignored)) return candidate;
    }
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

namespace {

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> out;
  if (!command.clean_env) {
    for (char** entry = environ; *entry; ++entry) {
      const std::string_view text(*entry);
      const auto name = text.substr(0, text.find('='));
      if (command.env.contains(std::string(name))) continue;
      if (std::ranges::find(command.unset_env, name) != command.unset_env.end()) continue;
      out.emplace_back(text);
    }
  }
  for (const auto& [name, value] : command.env) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// posix_spawn's two attribute objects, freed with this one.
struct SpawnSetup {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD, SIGQUIT}) sigaddset(&defaults, number);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(fmt::format("making a pipe: {}", errno_text(errno)));
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

/// A started child and our ends of its pipes.
struct Child {
  pid_t pid = -1;
  Fd in, out, err;
  Fd ended;  ///< a pidfd: readable once it has ended
};

Result<Child> start(const Command& command) {
  if (command.argv.empty()) return fail("starting a program: no program given");
  const auto program = find_program(command.argv[0]);
  if (!program) return fail(fmt::format("starting {}: not found in PATH", printable(command.argv[0])));
  CDCTL_TRY_ASSIGN(auto out, make_pipe());
  Pipe err, in;
  if (!command.one_stream) {
    CDCTL_TRY_ASSIGN(err, make_pipe());
  }
  if (!command.input.empty()) {
    CDCTL_TRY_ASSIGN(in, make_pipe());
  }
  SpawnSetup setup;
  if (in.read.valid()) {
    posix_spawn_file_actions_adddup2(&setup.actions, in.read.get(), 0);
  } else {
    posix_spawn_file_actions_addopen(&setup.actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&setup.actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&setup.actions, err.write.valid() ? err.write.get() : 1, 2);
  posix_spawn_file_actions_addclosefrom_np(&setup.actions, 3);
  if (!command.directory.empty()) posix_spawn_file_actions_addchdir_np(&setup.actions, command.directory.c_str());
  auto argv = command.argv;
  auto env = environment_of(command);
  Child child;
  const int error = posix_spawn(&child.pid, std::filesystem::absolute(*program).c_str(), &setup.actions, &setup.attributes,
                                pointers(argv).data(), pointers(env).data());
  if (error != 0) return fail(fmt::format("starting {}: {}", program->string(), errno_text(error)));
  child.ended = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  child.in = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

/// Moves bytes between us and the child until both streams are closed, the deadline passes or we are asked to stop.
class Conversation {
 public:
  Conversation(const Command& command, Child& child, Finished& finished) : command_(command), child_(child), finished_(finished) {
    if (child_.in.valid()) ::fcntl(child_.in.get(), F_SETFL, O_NONBLOCK);
  }
  void hold() {
    // A daemon that the child leaves behind may keep its streams open for ever: the child's own end is what counts.
    while (child_.out.valid() || child_.err.valid()) {
      if (command_.deadline.passed()) {
        finished_.timed_out = true;
        return;
      }
      if (Stop::requested() && !command_.deadline_only) {
        finished_.interrupted = true;
        return;
      }
      struct pollfd fds[5] = {{child_.out.get(), POLLIN, 0}, {child_.err.get(), POLLIN, 0}, {child_.in.get(), POLLOUT, 0}, {Stop::fd(), POLLIN, 0}, {child_.ended.get(), POLLIN, 0}};
      if (::poll(fds, 5, static_cast<int>(std::min(command_.deadline.left(), Millis(60'000)).count())) < 0) continue;
      if (fds[0].revents) read(child_.out, finished_.out);
      if (fds[1].revents) read(child_.err, finished_.err);
      if (fds[2].revents) write();
      if (fds[4].revents && !fds[0].revents && !fds[1].revents) return;  // ended, and what it wrote has been read
    }
  }

 private:
  void read(Fd& fd, std::string& into) {
    char buffer[1 << 16];
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return fd.reset();
    const std::string_view chunk(buffer, static_cast<std::size_t>(got));
    if (into.size() < command_.max_output) into.append(chunk.substr(0, command_.max_output - into.size()));
    if (command_.on_output) command_.on_output(chunk);
  }
  void write() {
    const auto put = ::write(child_.in.get(), command_.input.data() + written_, command_.input.size() - written_);
    if (put > 0) written_ += static_cast<std::size_t>(put);
    if ((put < 0 && errno != EINTR && errno != EAGAIN) || written_ == command_.input.size()) child_.in.reset();
  }

  const Command& command_;
  Child& child_;
  Finished& finished_;
  std::size_t written_ = 0;
};

/// Waits for the child until `deadline`; false when it is still there.
bool reap(const Child& child, int& status, struct rusage& usage, const Deadline& deadline) {
  for (;;) {
    const auto got = ::wait4(child.pid, &status, WNOHANG, &usage);
    if (got == child.pid || (got < 0 && errno == ECHILD)) return true;
    if (deadline.passed()) return false;
    struct pollfd ended {child.ended.get(), POLLIN, 0};  // a kernel without pidfds: look again every 20 ms
    const auto longest = child.ended.valid() ? Millis(60'000) : Millis(20);
    ::poll(&ended, child.ended.valid() ? 1 : 0, static_cast<int>(std::min(deadline.left(), longest).count()));
  }
}

}  // namespace

Result<Finished> run(const Command& command) {
  // A child that does not read its stdin must not end us. Left alone without input, so that threads may run children.
  const bool writes = !command.input.empty();
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  if (writes) sigaction(SIGPIPE, &ignore, &before);
  const auto begun = std::chrono::steady_clock::now();
  auto child = start(command);
  if (!child) {
    if (writes) sigaction(SIGPIPE, &before, nullptr);
    return std::unexpected(child.error());
  }
  Finished finished;
  Conversation(command, *child, finished).hold();
  int status = 0;
  struct rusage usage {};
  bool gone = !finished.timed_out && !finished.interrupted && reap(*child, status, usage, command.deadline);
  if (!gone) {
    if (!finished.interrupted) finished.timed_out = true;
    ::kill(-child->pid, SIGTERM);  // its session leads a process group of the same number
    gone = reap(*child, status, usage, Deadline(Millis(2000)));
    ::kill(-child->pid, SIGKILL);
    if (!gone) reap(*child, status, usage, Deadline());
  }
  if (writes) sigaction(SIGPIPE, &before, nullptr);
  finished.wall = std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - begun);
  finished.cpu = Millis((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  if (WIFEXITED(status)) finished.status = WEXITSTATUS(status);
  return finished;
}

}  // namespace cdctl
