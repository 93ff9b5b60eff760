#include "plugins/local/supervise/control.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace cdctl::local {

namespace {
constexpr std::size_t k_most_clients = 32, k_longest_line = 8192;
constexpr auto k_patience = std::chrono::seconds(5);
}  // namespace

Result<> Control::listen(const char* name) {
  listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  ::unlink(name);
  if (!listener_.valid() ||
      ::bind(listener_.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 16) != 0)
    return fail(fmt::format("making the socket {}: {}", name, errno_text(errno)));
  return {};
}

void Control::add_to(std::vector<struct pollfd>& fds) const {
  if (clients_.size() < k_most_clients) fds.push_back({listener_.get(), POLLIN, 0});
  for (const auto& client : clients_) {
    if (!client.asked) fds.push_back({client.fd.get(), POLLIN, 0});
  }
}

void Control::serve() {
  accept_all();
  for (auto& client : clients_)
    if (!client.asked) hear(client);
  const auto too_old = std::chrono::steady_clock::now() - k_patience;
  clients_.remove_if(
      [&](const Client& c) { return !c.fd.valid() || (!c.asked && c.since < too_old); });
}

void Control::accept_all() {
  while (clients_.size() < k_most_clients) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return;
    clients_.push_back({std::move(fd), {}, std::chrono::steady_clock::now()});
  }
}

void Control::hear(Client& client) {
  char buffer[256];
  const auto got = ::read(client.fd.get(), buffer, sizeof buffer);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return client.fd.reset();
  client.line.append(buffer, static_cast<std::size_t>(got));
  const auto end = client.line.find('\n');
  if (end == std::string::npos) {
    if (client.line.size() > k_longest_line) client.fd.reset();
    return;
  }
  client.asked = true;
  // Lists keep their elements in place, and a client that asked stays until it was answered
  handler_(std::string_view(client.line).substr(0, end), [&client](std::string_view text) {
    (void)!::send(client.fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    client.fd.reset();
  });
}

}  // namespace cdctl::local
