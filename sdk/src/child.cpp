#include <cdctl/child.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/secret.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

extern char** environ;

namespace cdctl {

std::string Finished::how() const {
  if (interrupted) return "interrupted";
  if (timed_out) return fmt::format("deadline passed after {}", given);
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
  for (const auto folder : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    if (!folder.starts_with('/')) continue;
    auto candidate = std::filesystem::path(folder) / program;
    std::error_code ignored;
    if (::access(candidate.c_str(), X_OK) == 0 &&
        std::filesystem::is_regular_file(candidate, ignored))
      return candidate;
  }
  return {};
}

namespace {

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> out;
  if (!program.clean_env) {
    for (char** entry = environ; *entry; ++entry) {
      const std::string_view text(*entry);
      const auto name = text.substr(0, text.find('='));
      if (program.env.contains(std::string(name))) continue;
      if (std::ranges::find(program.unset_env, name) != program.unset_env.end()) continue;
      if (hidden_from_children(name)) continue;
      out.emplace_back(text);
    }
  }
  for (const auto& [name, value] : program.env) out.push_back(name + "=" + value);
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
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD, SIGQUIT})
      sigaddset(&defaults, number);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

constexpr Millis k_last_wait(10'000);  ///< for the end of what was killed

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return fail(fmt::format("making a pipe: {}", errno_text(errno)));
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

/// What becomes of one stream of the child; gives our end where it is a pipe.
Result<Pipe> connect(SpawnSetup& setup, Stream kind, int stream) {
  if (kind == Stream::ours) return Pipe{};
  if (kind == Stream::null) {
    posix_spawn_file_actions_addopen(&setup.actions, stream, "/dev/null",
                                     stream == 0 ? O_RDONLY : O_WRONLY, 0);
    return Pipe{};
  }
  CDCTL_TRY_ASSIGN(auto pipe, make_pipe());
  posix_spawn_file_actions_adddup2(&setup.actions, stream == 0 ? pipe.read.get() : pipe.write.get(),
                                   stream);
  return pipe;
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// Whoever started us may have had SIGCHLD ignored. The kernel would then throw away how our
/// children end, and each would seem to have ended well.
void keep_wait_statuses() {
  struct sigaction now{};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0) return;
  if (now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0) {
    now.sa_handler = SIG_DFL;
    now.sa_flags = 0;
    ::sigaction(SIGCHLD, &now, nullptr);
  }
}

/// The signals that end a copy of us, held back while it is made: until it has put its own answer
/// to them in place, ours would note a stop request in the pipe that both have.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGALRM}) sigaddset(&ending, number);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;
  ~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

/// A session of its own: neither Ctrl-C at the prompt nor the end of the terminal reaches it, and
/// what it starts ends with it.
[[noreturn]] void be_copy(int fd, const std::function<void(int)>& work, Millis lifetime) {
  ::setsid();
  for (const int number : {SIGINT, SIGTERM, SIGALRM}) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(lifetime).count();
  ::alarm(
      static_cast<unsigned>(std::clamp<std::int64_t>(seconds, 1, 1 << 30)));  // 0 would be never
  // Where we were started without streams, the pipe may have the number of one
  if (fd <= STDERR_FILENO) fd = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (nowhere < 0 || ::dup2(nowhere, stream) < 0) ::_exit(1);
  try {
    work(fd);
  } catch (const std::exception&) {
    ::_exit(1);
  }
  ::_exit(0);  // what its parent has buffered is the parent's to write
}

}  // namespace

namespace {

/// Those that were let go before they ended. Who runs for weeks, and lets go of one now and then,
/// takes away with the next one what is left of those before.
class Left {
 public:
  void add(pid_t pid) {
    const std::scoped_lock lock(mutex_);
    pids_.push_back(pid);
  }
  void take_away() {
    const std::scoped_lock lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;
};

/// Never destroyed: a Child may be let go at the very end.
Left& those_left() {
  static auto& left = *new Left;
  return left;
}

}  // namespace

Result<Child> Child::start(const Program& program, Streams streams) {
  those_left().take_away();
  if (program.argv.empty()) return fail("starting a program: no program given");
  const auto file = find_program(program.argv[0]);
  if (!file)
    return fail(fmt::format("starting {}: not found{}", printable(program.argv[0]),
                            program.argv[0].contains('/') ? "" : " in PATH"));
  SpawnSetup setup;
  CDCTL_TRY_ASSIGN(auto in, connect(setup, streams.in, 0));
  CDCTL_TRY_ASSIGN(auto out, connect(setup, streams.out, 1));
  Pipe err;
  if (streams.err_with_out) {
    posix_spawn_file_actions_adddup2(&setup.actions, 1, 2);
  } else {
    CDCTL_TRY_ASSIGN(err, connect(setup, streams.err, 2));
  }
  posix_spawn_file_actions_addclosefrom_np(&setup.actions, 3);
  if (!program.directory.empty())
    posix_spawn_file_actions_addchdir_np(&setup.actions, program.directory.c_str());
  auto argv = program.argv;
  auto env = environment_of(program);
  Child child;
  std::error_code ignored;  // our own folder may be gone: then the path stays as it is
  const auto absolute = std::filesystem::absolute(*file, ignored);
  keep_wait_statuses();
  const CoreLimitAsBefore for_the_child;
  const int error =
      posix_spawn(&child.pid_, (absolute.empty() ? *file : absolute).c_str(), &setup.actions,
                  &setup.attributes, pointers(argv).data(), pointers(env).data());
  if (error != 0) {
    child.pid_ = -1;
    return fail(fmt::format("starting {}: {}", file->string(), errno_text(error)));
  }
  child.ended_ = Fd(open_pidfd(child.pid_));
  child.in = std::move(in.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  return child;
}

Result<Child> Child::fork(const std::function<void(int)>& work, Millis lifetime) {
  CDCTL_TRY_ASSIGN(auto out, make_pipe());
  Child child;
  keep_wait_statuses();
  const SignalsHeldBack held_back;
  child.pid_ = ::fork();
  if (child.pid_ < 0) return fail(fmt::format("starting a process: {}", errno_text(errno)));
  if (child.pid_ == 0) {
    out.read.reset();
    be_copy(out.write.get(), work, lifetime);
  }
  child.ended_ = Fd(open_pidfd(child.pid_));
  child.out = std::move(out.read);
  return child;
}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  leave();
  pid_ = std::exchange(other.pid_, -1);
  ended_ = std::move(other.ended_);
  in = std::move(other.in);
  out = std::move(other.out);
  err = std::move(other.err);
  return *this;
}

std::optional<int> Child::wait(const Deadline& deadline, struct rusage* usage) {
  if (pid_ <= 0) return 0;
  for (;;) {
    int status = 0;
    const auto got = ::wait4(pid_, &status, WNOHANG, usage);
    if (got == pid_ || (got < 0 && errno == ECHILD)) {
      pid_ = -1;
      return status;
    }
    if (deadline.passed()) return {};
    struct pollfd ended{ended_.get(), POLLIN,
                        0};  // a kernel without pidfds: look again every 20 ms
    const auto longest = ended_.valid() ? Millis(60'000) : Millis(20);
    ::poll(&ended, ended_.valid() ? 1 : 0,
           static_cast<int>(std::min(deadline.left(), longest).count()));
  }
}

void Child::kill(int signal) const {
  // Its session leads a process group of the same number; a copy of us may not have come so far.
  if (pid_ > 0 && ::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

int Child::end(Millis grace, struct rusage* usage) {
  if (pid_ <= 0) return 0;
  const auto session = pid_;
  std::optional<int> status;
  if (grace > Millis(0)) {
    kill(SIGTERM);
    status = wait(Deadline(grace), usage);
  }
  ::kill(-session, SIGKILL);  // what it left behind in its session, too
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  if (!status) status = wait(Deadline(k_last_wait), usage);
  if (!status) leave();  // it waits in the kernel, and goes when that lets it
  return status.value_or(SIGKILL);
}

void Child::leave() {
  in.reset();
  out.reset();
  err.reset();
  if (pid_ > 0) those_left().add(pid_);
  those_left().take_away();
  pid_ = -1;
  ended_.reset();
}

int exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

namespace {

/// Moves bytes between us and the child until both streams are closed, the deadline passes or we
/// are asked to stop.
class Conversation {
 public:
  Conversation(const Program& program, Child& child, Finished& finished)
      : program_(program), child_(child), finished_(finished) {
    if (child_.in.valid()) ::fcntl(child_.in.get(), F_SETFL, O_NONBLOCK);
  }
  void hold() {
    // A daemon that the child leaves behind may keep its streams open for ever, and the child may
    // close them long before it ends: its own end is what counts.
    while (child_.out.valid() || child_.err.valid() || child_.ended() >= 0) {
      if (program_.deadline.passed()) {
        finished_.timed_out = true;
        return;
      }
      if (Stop::requested() && !program_.deadline_only) {
        finished_.interrupted = true;
        return;
      }
      struct pollfd fds[5] = {{child_.out.get(), POLLIN, 0},
                              {child_.err.get(), POLLIN, 0},
                              {child_.in.get(), POLLOUT, 0},
                              {program_.deadline_only ? -1 : Stop::fd(), POLLIN, 0},
                              {child_.ended(), POLLIN, 0}};
      if (::poll(fds, 5,
                 static_cast<int>(std::min(program_.deadline.left(), Millis(60'000)).count())) < 0)
        continue;
      if (fds[0].revents) read(child_.out, finished_.out);
      if (fds[1].revents) read(child_.err, finished_.err);
      if (fds[2].revents) write();
      if (fds[4].revents && !fds[0].revents && !fds[1].revents)
        return;  // ended, and what it wrote has been read
    }
  }

 private:
  void read(Fd& fd, std::string& into) {
    char buffer[1 << 16];
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return fd.reset();
    const std::string_view chunk(buffer, static_cast<std::size_t>(got));
    if (into.size() < program_.max_output)
      into.append(chunk.substr(0, program_.max_output - into.size()));
    if (program_.on_output) program_.on_output(chunk);
  }
  void write() {
    const auto put = ::write(child_.in.get(), program_.input.data() + written_,
                             program_.input.size() - written_);
    if (put > 0) written_ += static_cast<std::size_t>(put);
    if ((put < 0 && errno != EINTR && errno != EAGAIN) || written_ == program_.input.size())
      child_.in.reset();
  }

  const Program& program_;
  Child& child_;
  Finished& finished_;
  std::size_t written_ = 0;
};

}  // namespace

Result<Finished> run(const Program& program) {
  // A child that does not read its stdin must not end us. Left alone without input, so that threads
  // may run children.
  const bool writes = !program.input.empty();
  struct sigaction ignore{}, before{};
  ignore.sa_handler = SIG_IGN;
  if (writes) sigaction(SIGPIPE, &ignore, &before);
  const auto begun = std::chrono::steady_clock::now();
  auto child = Child::start(program, {writes ? Stream::pipe : Stream::null, Stream::pipe,
                                      Stream::pipe, program.one_stream});
  if (!child) {
    if (writes) sigaction(SIGPIPE, &before, nullptr);
    return std::unexpected(child.error());
  }
  Finished finished;
  Conversation(program, *child, finished).hold();
  struct rusage usage{};
  std::optional<int> status;
  if (!finished.timed_out && !finished.interrupted) status = child->wait(program.deadline, &usage);
  if (!status) {
    if (!finished.interrupted) finished.timed_out = true;
    status = child->end(Millis(2000), &usage);
  }
  if (writes) sigaction(SIGPIPE, &before, nullptr);
  if (finished.timed_out) finished.given = program.deadline.given();
  finished.wall = std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - begun);
  finished.cpu = Millis((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                        (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
  if (WIFSIGNALED(*status)) finished.signal = WTERMSIG(*status);
  if (WIFEXITED(*status)) finished.status = WEXITSTATUS(*status);
  return finished;
}

}  // namespace cdctl
