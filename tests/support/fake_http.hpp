#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cdctl/fs.hpp>

namespace cdctl::test {

/// A small HTTP server for tests: says what its script says, or nothing at all.
class FakeHttp {
 public:
  struct Request {
    std::string method, path, head, body;
  };
  /// The whole answer from its status line on; empty = hang until the server goes.
  using Script = std::function<std::string(const Request&)>;

  explicit FakeHttp(Script script)
      : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 64) != 0)
      std::abort();
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return accepted_; }
  [[nodiscard]] std::vector<Request> seen() const {
    const std::lock_guard guard(mutex_);
    return seen_;
  }

  static std::string answer(int status, const std::string& body,
                            const std::string& headers = "Content-Type: application/json\r\n") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd fd{listener_.get(), POLLIN, 0};
      if (::poll(&fd, 1, 20) <= 0) continue;
      const int peer = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      ++accepted_;
      clients_.emplace_back([this, peer](const std::stop_token& end) { serve(Fd(peer), end); });
    }
  }
  static bool more(int fd, std::string& text, const std::stop_token& stop) {
    char buffer[8192];
    pollfd poll{fd, POLLIN, 0};
    while (!stop.stop_requested()) {
      if (::poll(&poll, 1, 20) <= 0) continue;
      const auto got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(got));
      return true;
    }
    return false;
  }
  void serve(Fd fd, const std::stop_token& stop) {
    std::string text;
    for (;;) {
      std::size_t end;
      while ((end = text.find("\r\n\r\n")) == std::string::npos)
        if (!more(fd.get(), text, stop)) return;
      Request request{text.substr(0, text.find(' ')), {}, text.substr(0, end), {}};
      request.path =
          text.substr(request.method.size() + 1, text.find(" HTTP/") - request.method.size() - 1);
      std::size_t length = 0;
      if (const auto at = request.head.find("Content-Length: "); at != std::string::npos)
        length = std::stoul(request.head.substr(at + 16));
      while (text.size() < end + 4 + length)
        if (!more(fd.get(), text, stop)) return;
      request.body = text.substr(end + 4, length);
      text.erase(0, end + 4 + length);
      const auto answer = script_(request);
      {
        const std::lock_guard guard(mutex_);
        seen_.push_back(request);
      }
      if (answer.empty()) {
        std::string rest;
        while (more(fd.get(), rest, stop)) {
        }
        return;
      }
      (void)!::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      if (answer.contains("Connection: close")) return;
    }
  }

  Script script_;
  Fd listener_;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  mutable std::mutex mutex_;
  std::vector<Request> seen_;
  std::vector<std::jthread> clients_;  // only the acceptor's thread touches it until that has ended
  std::jthread acceptor_;
};

}  // namespace cdctl::test
