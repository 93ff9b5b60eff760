#include "tests/bench/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

/// Whether `pid` ended before the deadline. A pidfd becomes readable at that, so nothing is polled.
bool ends_within(pid_t pid, std::chrono::seconds deadline) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return false;
  pollfd entry{fd, POLLIN, 0};
  const int ready =
      ::poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(deadline).count()));
  ::close(fd);
  return ready == 1;
}

pid_t start(const std::vector<std::string>& argv, const std::string& input, bool inherit) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  if (!inherit) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words.front(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

}  // namespace

Ended run(const std::vector<std::string>& argv, const std::string& input, bool inherit,
          std::chrono::seconds deadline) {
  const auto begun = Clock::now();
  const pid_t pid = start(argv, input, inherit);
  if (pid < 0) return {};
  const bool in_time = ends_within(pid, deadline);
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, 0, &usage) != pid) return {};
  const std::chrono::duration<double, std::milli> took = Clock::now() - begun;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {took.count(), usage.ru_maxrss, in_time ? code : -1};
}

}  // namespace bench
