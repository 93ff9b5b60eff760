#include "cli/command_line/completion/child.hpp"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include <cdctl/child.hpp>

namespace cdctl::cli::completion {

namespace {

constexpr auto k_lifetime = std::chrono::seconds(10);
constexpr std::size_t k_most = 4u << 20;

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
  if (deadline.passed()) return {};
  auto child = Child::fork(work, k_lifetime);
  if (!child) return {};
  auto out = read_all(child->out.get(), deadline);
  if (late == Late::killed) child->end(Millis(0));
  return out;
}

}  // namespace cdctl::cli::completion
