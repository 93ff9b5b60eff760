#include "core/app/waiting.hpp"

#include <array>
#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include <cdctl/stop.hpp>

namespace cdctl::app {

bool stdout_gone() {
  struct pollfd out{STDOUT_FILENO, 0, 0};
  return ::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

bool wait_between(Millis pause) {
  for (const Deadline until(pause);;) {
    if (Stop::requested()) return false;
    std::array<struct pollfd, 2> fds{{{Stop::fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(until.left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return true;
    if (Stop::requested() || (fds[1].revents & POLLERR) != 0) return false;
    if (ready < 0 || until.passed()) return true;
  }
}

}  // namespace cdctl::app
