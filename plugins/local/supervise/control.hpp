#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/fs.hpp>

namespace cdctl::local {

/// The supervisor's end of its socket: a client sends one line and gets an answer that ends with
/// the connection. A client that says nothing is dropped after five seconds, and there are never
/// more than 32.
class Control {
 public:
  /// Sends the answer to one request; may be kept and called later, once.
  using Answer = std::function<void(std::string_view)>;
  using Handler = std::function<void(std::string_view command, Answer answer)>;

  explicit Control(Handler handler) : handler_(std::move(handler)) {}
  /// Binds `name` in the current folder; what was there is replaced.
  [[nodiscard]] Result<> listen(const char* name);
  void add_to(std::vector<struct pollfd>& fds) const;
  /// Looks after whatever poll() found.
  void serve();
  [[nodiscard]] bool waiting() const { return !clients_.empty(); }

 private:
  struct Client {
    Fd fd;
    std::string line;
    std::chrono::steady_clock::time_point since;
    bool asked = false;
  };
  void accept_all();
  void hear(Client& client);
  Handler handler_;
  Fd listener_;
  std::list<Client> clients_;
};

}  // namespace cdctl::local
