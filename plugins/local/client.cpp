#include "plugins/local/client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::local {

namespace {

constexpr std::size_t k_longest_answer = 1u << 20;

Result<Fd> connect_to(const SetPaths& paths, const Deadline& deadline) {
  // An address holds 108 bytes, a home may be deeper: go through the open folder
  const Fd folder(::open(paths.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid())
    return fail(ExitCode::unknown,
                fmt::format("opening {}: {}", paths.folder.string(), errno_text(errno)));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = fmt::format("/proc/self/fd/{}/{}", folder.get(), k_socket);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  for (Millis pause(1);
       ::connect(fd.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0;
       pause *= 2) {
    // EAGAIN: too many wait in line before us
    if (errno != EAGAIN && errno != EINTR) {
      return fail(ExitCode::unknown, fmt::format("reaching the supervisor in {}: {}",
                                                 paths.folder.string(), errno_text(errno)));
    }
    if (deadline.passed())
      return fail(ExitCode::timeout, fmt::format("the supervisor in {} has taken no call within {}",
                                                 paths.folder.string(), deadline.given()));
    std::this_thread::sleep_for(std::min({pause, Millis(20), deadline.left()}));
  }
  return fd;
}

}  // namespace

Result<std::string> ask(const SetPaths& paths, std::string_view command, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto fd, connect_to(paths, deadline));
  const auto line = std::string(command) + "\n";
  if (::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return fail(ExitCode::unknown, fmt::format("writing to the supervisor in {}: {}",
                                               paths.folder.string(), errno_text(errno)));
  }
  std::string answer;
  for (;;) {
    struct pollfd ready{fd.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(deadline.left().count())) == 0) {
      return fail(ExitCode::timeout,
                  fmt::format("the supervisor in {} has not answered to '{}' within {}",
                              paths.folder.string(), command, deadline.given()));
    }
    char buffer[4096];
    const auto got = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(got));
    if (answer.size() > k_longest_answer)
      return fail(ExitCode::unknown,
                  fmt::format("the supervisor in {} answers with more than {} bytes",
                              paths.folder.string(), k_longest_answer));
  }
  if (answer == "ok\n") return std::string();
  if (answer.empty())
    return fail(ExitCode::unknown, fmt::format("the supervisor in {} ended while it was asked",
                                               paths.folder.string()));
  if (!answer.starts_with("error: ")) return answer;
  return fail(answer.substr(7, answer.find('\n') - 7));
}

Result<std::string> ask_if_awake(const SetPaths& paths, std::string_view command,
                                 const Deadline& deadline) {
  CDCTL_TRY(ask(paths, "status", deadline.at_most(Millis(1000))));
  return ask(paths, command, deadline);
}

}  // namespace cdctl::local
