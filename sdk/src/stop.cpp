#include <cdctl/stop.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

// The program and each plugin hold a copy of this library. What a signal handler noted must be the
// same in all of them, so this one symbol is exported, and the dynamic linker binds every copy to
// the program's (sdk/CMakeLists.txt).
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
  const int before = errno;
  int expected = 0;
  if (!cdctl_stop_state.signal.compare_exchange_strong(expected, number)) _exit(128 + number);
  const char byte = 0;
  if (const int fd = cdctl_stop_state.fd[1]; fd >= 0) (void)!::write(fd, &byte, 1);
  errno = before;
}

}  // namespace

int Stop::signal() { return cdctl_stop_state.signal; }
int Stop::fd() { return cdctl_stop_state.fd[0]; }
void Stop::install() {
  int fds[2];
  if (fd() < 0 && ::pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0) {
    cdctl_stop_state.fd[0] = fds[0];
    cdctl_stop_state.fd[1] = fds[1];
  }
  struct sigaction action{};
  action.sa_handler = on_stop_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before{};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
}

void crash_point(std::string_view name) {
  const char* wanted = std::getenv("CDCTL_TEST_CRASH_AT");
  if (!wanted) return;
  std::string_view text(wanted);
  const bool only_stop =
      text.starts_with('~');  // `~name`: stand still there, as on a machine that was suspended
  if (only_stop) text.remove_prefix(1);
  int times = 1;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    times = std::atoi(std::string(text.substr(colon + 1)).c_str());
    text = text.substr(0, colon);
  }
  static std::atomic<int> seen{0};
  if (text == name && ++seen == times) ::kill(::getpid(), only_stop ? SIGSTOP : SIGKILL);
}

bool pause_for(Millis time, const Deadline& deadline) {
  const auto end = deadline.at_most(time);
  while (!Stop::requested() && !end.passed()) {
    struct pollfd stop{Stop::fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(std::max(end.left(), Millis(1)).count()));
  }
  return !Stop::requested();
}

}  // namespace cdctl
