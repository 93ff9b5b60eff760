#include "cli/command_line/completion/child.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

namespace cdctl::cli::completion {

namespace {

constexpr unsigned k_longest_s = 10;
constexpr std::size_t k_most = 4u << 20;

/// A session of its own: neither Ctrl-C at the prompt nor the end of the terminal reaches it, and
/// what it starts ends with it.
[[noreturn]] void be_child(int fd, const std::function<void(int)>& work) {
  ::setsid();
  ::alarm(k_longest_s);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (nowhere < 0 || ::dup2(nowhere, stream) < 0) ::_exit(1);
  try {
    work(fd);
  } catch (const std::exception&) {
    ::_exit(1);
  }
  ::_exit(0);
}

/// All that comes until the other end closes; empty when it does not in time.
std::string read_all(int fd, const Deadline& deadline) {
  std::string out;
  char buffer[16 * 1024];
  while (out.size() < k_most) {
    struct pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(deadline.left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return {};
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

std::string from_child(const Deadline& deadline, Late late, const std::function<void(int)>& work) {
  int ends[2];
  if (deadline.passed() || ::pipe2(ends, O_CLOEXEC) != 0) return {};
  Fd from(ends[0]), to(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return {};
  if (child == 0) be_child(to.get(), work);
  to.reset();
  auto out = read_all(from.get(), deadline);
  if (late == Late::killed) {
    ::kill(-child, SIGKILL);  // the session of its own that it made, if it has come so far
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  } else {
    ::waitpid(child, nullptr, WNOHANG);
  }
  return out;
}

}  // namespace cdctl::cli::completion
