#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cdctl/stop.hpp>

#include "core/feed/listen/module/session.hpp"

namespace cdctl::feed::listen {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class Server final : public Listener {
 public:
  Server(const char* host, std::uint16_t port, const std::string& token, const ListenLimits& limits)
      : acceptor_(io_, tcp::endpoint(asio::ip::make_address(host), port)), pause_(io_) {
    hub_.token = token;
    hub_.limits = limits;
    hub_.arrived = [this](Arrival arrival, std::shared_ptr<Session> from) {
      arrived(std::move(arrival), std::move(from));
    };
    hub_.ended = [this] { ended(); };
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Server() override {
    // Nothing of a connection is destroyed under its own feet: the loop ends first.
    asio::post(io_, [this] {
      closing_ = true;
      beast::error_code ignored;
      acceptor_.close(ignored);
      io_.stop();
    });
    thread_.join();
  }

  std::string address() const override {
    const auto end = acceptor_.local_endpoint();
    const auto host = end.address().to_string();
    return (end.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(end.port());
  }

  std::vector<Arrival> take(Millis wait) override {
    std::unique_lock lock(mutex_);
    // Short steps, since a stop request wakes no condition variable.
    for (const Deadline deadline(wait);
         arrivals_.empty() && !deadline.passed() && !Stop::requested();)
      changed_.wait_for(lock, std::min(deadline.left() + Millis(1), Millis(50)));
    return std::exchange(arrivals_, {});
  }

  void answer(std::uint64_t id, ListenAnswer answer) override {
    asio::post(io_, [this, id, answer = std::move(answer)] {
      const auto at = waiting_.find(id);
      if (at == waiting_.end()) return;
      at->second->answer(answer);
      waiting_.erase(at);
    });
  }

 private:
  // On the server's thread
  void accept() {
    if (closing_ || accepting_ || open_ >= hub_.limits.connections)
      return;  // those that come wait until a place is free
    accepting_ = true;
    acceptor_.async_accept([this](const beast::error_code& error, tcp::socket socket) {
      accepting_ = false;
      if (closing_ || error == asio::error::operation_aborted) return;
      if (error) return rest();
      ++open_;
      std::make_shared<Session>(std::move(socket), hub_)->begin();
      accept();
    });
  }
  /// Out of descriptors: trying again at once would only burn the processor.
  void rest() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const beast::error_code& error) {
      if (!error) accept();
    });
  }
  void ended() {
    --open_;
    accept();
  }
  void arrived(Arrival arrival, std::shared_ptr<Session> from) {
    arrival.id = ++last_;
    waiting_.emplace(arrival.id, std::move(from));
    const std::lock_guard lock(mutex_);
    arrivals_.push_back(std::move(arrival));
    changed_.notify_one();
  }

  Hub hub_;  ///< outlives the sessions, which the loop's handlers hold
  bool closing_ = false, accepting_ = false;
  std::size_t open_ = 0;
  std::uint64_t last_ = 0;
  asio::io_context io_{1};
  std::map<std::uint64_t, std::shared_ptr<Session>>
      waiting_;  ///< for an answer; no handler holds them meanwhile
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Arrival> arrivals_;
  std::thread thread_;
};

}  // namespace

}  // namespace cdctl::feed::listen

/// Listens at once; the caller owns the listener. nullptr with `why` filled when it cannot.
extern "C" __attribute__((visibility("default"))) cdctl::feed::Listener* cdctl_make_listener(
    const char* host, std::uint16_t port, const std::string& token,
    const cdctl::feed::ListenLimits& limits, std::string& why) {
  try {
    return new cdctl::feed::listen::Server(host, port, token, limits);
  } catch (const boost::system::system_error& error) {
    why = error.code().message();
  } catch (const std::exception& error) {
    why = error.what();
  }
  return nullptr;
}
