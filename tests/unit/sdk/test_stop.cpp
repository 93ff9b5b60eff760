#include <chrono>
#include <csignal>
#include <functional>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/child.hpp>
#include <cdctl/stop.hpp>

using namespace cdctl;

namespace {

using Clock = std::chrono::steady_clock;

/// The exit status of a copy of this process that runs `work`: a stop request lasts, and would end
/// the other tests. `meanwhile` gets its pid once it has said that it is ready.
int status_of_copy(const std::function<int(const std::function<void()>& ready)>& work,
                   const std::function<void(pid_t)>& meanwhile) {
  int fds[2];
  if (::pipe(fds) != 0) return -1;
  const pid_t copy = ::fork();
  if (copy == 0) ::_exit(work([&] { (void)!::write(fds[1], "r", 1); }));
  ::close(fds[1]);
  char byte = 0;
  if (::read(fds[0], &byte, 1) == 1) meanwhile(copy);
  ::close(fds[0]);
  int status = -1;
  ::waitpid(copy, &status, 0);
  return exit_status(status);
}

}  // namespace

TEST_CASE("a pause ends at its time") {
  const auto begun = Clock::now();
  CHECK(pause_for(Millis(60)));
  CHECK(Clock::now() - begun >= Millis(60));
  CHECK(Clock::now() - begun < Millis(10'000));
  CHECK(pause_for(Millis(0)));
  CHECK(pause_for(Millis(-5)));
}

TEST_CASE("a pause ends at the deadline where that comes first") {
  const auto begun = Clock::now();
  CHECK(pause_for(Millis(60'000), Deadline(Millis(50))));
  CHECK(Clock::now() - begun >= Millis(50));
  CHECK(Clock::now() - begun < Millis(10'000));
  CHECK(pause_for(Millis(60'000), Deadline(Millis(-1))));
}

TEST_CASE("a pause ends at once when a stop is requested, and so does every later one") {
  const auto status = status_of_copy(
      [](const std::function<void()>& ready) -> int {
        Stop::install();
        ready();
        const auto begun = Clock::now();
        if (pause_for(Millis(30'000))) return 1;
        if (pause_for(Millis(30'000))) return 2;
        if (Clock::now() - begun > Millis(10'000)) return 3;
        if (!Stop::requested() || Stop::signal() != SIGINT) return 4;
        struct pollfd stop{Stop::fd(), POLLIN, 0};
        return ::poll(&stop, 1, 0) == 1 ? 0 : 5;
      },
      [](pid_t copy) { ::kill(copy, SIGINT); });
  CHECK(status == 0);
}

TEST_CASE("a second request leaves at once") {
  const auto status = status_of_copy(
      [](const std::function<void()>& ready) -> int {
        Stop::install();
        ::raise(SIGTERM);
        ready();
        for (;;) ::pause();
      },
      [](pid_t copy) { ::kill(copy, SIGTERM); });
  CHECK(status == 128 + SIGTERM);
}

TEST_CASE("a signal that was ignored before stays ignored, and installing twice opens nothing") {
  const auto status = status_of_copy(
      [](const std::function<void()>& ready) -> int {
        std::signal(SIGINT, SIG_IGN);
        Stop::install();
        const int fd = Stop::fd();
        Stop::install();
        if (Stop::fd() != fd) return 1;
        ::raise(SIGINT);
        ready();
        return Stop::requested() ? 2 : 0;
      },
      [](pid_t) {});
  CHECK(status == 0);
}

TEST_CASE("a crash point kills at its name and its time, and nowhere else") {
  const auto at = [](const char* wanted) {
    return status_of_copy(
        [&](const std::function<void()>& ready) -> int {
          ::setenv("CDCTL_TEST_CRASH_AT", wanted, 1);
          ready();
          crash_point("sdk.other");
          crash_point("sdk.step");
          crash_point("sdk.step");
          return 7;
        },
        [](pid_t) {});
  };
  CHECK(at("sdk.step") == 128 + SIGKILL);
  CHECK(at("sdk.step:2") == 128 + SIGKILL);
  CHECK(at("sdk.step:3") == 7);
  CHECK(at("sdk.ste") == 7);
}
