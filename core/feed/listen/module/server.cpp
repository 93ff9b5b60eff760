#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/resource.h>

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
  Server(const char* host, std::uint16_t port, const std::string& token, const ListenLimits& limits,
         Serves serves)
      : hub_{.token = token.empty() ? std::nullopt : std::optional(Token(token)),
             .limits = limits,
             .serves = serves},
        most_(places(limits.connections)),
        acceptor_(io_, tcp::endpoint(asio::ip::make_address(host), port)),
        pause_(io_) {
    hub_.arrived = [this](Arrival arrival, std::shared_ptr<Session> from) {
      arrived(std::move(arrival), std::move(from));
    };
    hub_.when_there_is_room = [this](std::size_t bytes, std::shared_ptr<Session> session) {
      queue_.emplace_back(bytes, std::move(session));
      serve_queue();
    };
    hub_.give_back = [this](std::size_t bytes) {
      bodies_ -= bytes;
      serve_queue();
    };
    hub_.awaited = [this] { accept(); };
    hub_.streaming = [this](Session* session) {
      if (streams_.size() >= hub_.limits.streams) end_one_stream();
      streams_.push_back(session);
      watching_ = streams_.size();
    };
    hub_.ended = [this](Session* session) {
      sessions_.erase(session);
      streams_.remove(session);
      watching_ = streams_.size();
      accept();
    };
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
    std::vector<Arrival> out;
    for (std::size_t bytes = 0; !arrivals_.empty() && bytes < hub_.limits.body;) {
      bytes += arrivals_.front().body.size();
      out.push_back(std::move(arrivals_.front()));
      arrivals_.pop_front();
    }
    return out;
  }

  void answer(std::uint64_t id, ListenAnswer answer) override {
    asio::post(io_, [this, id, answer = std::move(answer)]() mutable {
      const auto at = waiting_.find(id);
      if (at == waiting_.end()) return;
      const auto session = std::move(at->second);
      waiting_.erase(at);
      session->answer(std::move(answer));
    });
  }

  void push(std::shared_ptr<const std::string> piece) override {
    asio::post(io_, [this, piece = std::move(piece)] {
      for (auto* session : streams_) session->push(piece);
    });
  }

  std::size_t streams() const override { return watching_; }

 private:
  // On the server's thread
  void accept() {
    if (closing_ || accepting_) return;
    const bool room =
        sessions_.size() < most_ || std::ranges::any_of(sessions_, &Session::awaits_client);
    if (!room) return;  // those that come wait until a place is free
    accepting_ = true;
    acceptor_.async_accept([this](const beast::error_code& error, tcp::socket socket) {
      accepting_ = false;
      if (closing_ || error == asio::error::operation_aborted) return;
      if (error) return rest();
      if (sessions_.size() >= most_) drop_one();
      beast::error_code gone;
      const auto end = socket.remote_endpoint(gone);
      auto session = std::make_shared<Session>(std::move(socket), end.address(), hub_);
      sessions_.insert(session.get());
      session->begin();
      accept();
    });
  }
  /// Hangs up on one, since one more has come. Whoever sends a request at once, as programs do, is
  /// not the oldest for long enough.
  void drop_one() {
    for (const bool ranked : {false, true}) {
      if (ranked) rank();
      while (!weakest_.empty()) {
        const auto [session, since] = weakest_.front();
        weakest_.pop_front();
        if (!sessions_.contains(session) || !session->awaits_client() || session->since() != since)
          continue;
        sessions_.erase(session);
        return session->drop();
      }
    }
  }
  /// Strangers of the address that has most of them come first; where there is none, those that
  /// know the token. The oldest of them. A quarter at once, since it looks at all.
  void rank() {
    std::map<asio::ip::address, std::size_t> strangers;
    for (const auto* session : sessions_)
      if (session->awaits_client() && !session->knows_token()) ++strangers[session->from()];
    using Ranked = std::tuple<std::size_t, Session::Clock::time_point, Session*>;
    std::vector<Ranked> all;
    for (auto* session : sessions_)
      if (session->awaits_client() && session->knows_token() == strangers.empty())
        all.emplace_back(strangers.empty() ? 0 : sessions_.size() - strangers[session->from()],
                         session->since(), session);
    const auto some = all.begin() + std::min(std::ssize(all), std::ssize(all) / 4 + 1);
    std::ranges::partial_sort(all, some);
    for (auto at = all.begin(); at != some; ++at)
      weakest_.emplace_back(std::get<Session*>(*at), std::get<1>(*at));
  }
  /// Hangs up on the oldest stream of the address that has most of them, since one more begins. A
  /// browser comes back; who never reads does not.
  void end_one_stream() {
    std::map<asio::ip::address, std::size_t> of;
    for (const auto* session : streams_) ++of[session->from()];
    const auto most =
        std::ranges::max_element(of, {}, [](const auto& pair) { return pair.second; });
    const auto oldest = std::ranges::find(streams_, most->first, &Session::from);
    auto* const session = *oldest;
    streams_.erase(oldest);
    sessions_.erase(session);
    session->drop();
  }
  /// Bodies that there is room for are read, a small one before a large one that waits.
  void serve_queue() {
    if (closing_) return;  // and perhaps gone
    for (auto at = queue_.begin(); at != queue_.end();) {
      if (bodies_ + at->first > hub_.limits.bodies) {
        ++at;
        continue;
      }
      bodies_ += at->first;
      const auto session = std::move(at->second);
      queue_.erase(at);
      session->read_body();
      at = queue_.begin();
    }
  }
  /// How many connections this process may have, where it may have so many descriptors, and uses
  /// others besides.
  static std::size_t places(std::size_t wanted) {
    struct rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return std::min<std::size_t>(wanted, 256);
    if (files.rlim_cur < 2 * wanted) {
      files.rlim_cur = std::min<rlim_t>(2 * wanted, files.rlim_max);
      (void)::setrlimit(RLIMIT_NOFILE, &files);
      (void)::getrlimit(RLIMIT_NOFILE, &files);
    }
    return std::min(wanted, std::max<std::size_t>(files.rlim_cur / 2, 4));
  }
  /// Out of descriptors: trying again at once would only burn the processor.
  void rest() {
    drop_one();
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const beast::error_code& error) {
      if (!error) accept();
    });
  }
  void arrived(Arrival arrival, std::shared_ptr<Session> from) {
    arrival.id = ++last_;
    waiting_.emplace(arrival.id, std::move(from));
    const std::lock_guard lock(mutex_);
    arrivals_.push_back(std::move(arrival));
    changed_.notify_one();
  }

  Hub hub_;  ///< outlives the sessions, which the loop's handlers hold
  const std::size_t most_;
  bool closing_ = false, accepting_ = false;
  std::set<Session*> sessions_;  ///< but those that were dropped and have not ended
  std::list<Session*> streams_;  ///< the oldest first
  std::atomic<std::size_t> watching_ = 0;
  std::deque<std::pair<Session*, Session::Clock::time_point>> weakest_;  ///< as they were ranked
  std::size_t bodies_ = 0;  ///< bytes that bodies have room for
  std::uint64_t last_ = 0;
  asio::io_context io_{1};
  std::map<std::uint64_t, std::shared_ptr<Session>>
      waiting_;  ///< for an answer; no handler holds them meanwhile
  std::list<std::pair<std::size_t, std::shared_ptr<Session>>> queue_;  ///< bodies without room
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Arrival> arrivals_;
  std::thread thread_;
};

}  // namespace

}  // namespace cdctl::feed::listen

/// Listens at once; the caller owns the listener. nullptr with `why` filled when it cannot.
extern "C" __attribute__((visibility("default"))) cdctl::feed::Listener* cdctl_make_listener(
    const char* host, std::uint16_t port, const std::string& token,
    const cdctl::feed::ListenLimits& limits, cdctl::feed::Serves serves, std::string& why) {
  // Signals are taken from who knows the token, and from nobody else
  if (token.empty() && serves == cdctl::feed::Serves::signals) {
    why = "there is no token";
    return nullptr;
  }
  try {
    return new cdctl::feed::listen::Server(host, port, token, limits, serves);
  } catch (const boost::system::system_error& error) {
    why = error.code().message();
  } catch (const std::exception& error) {
    why = error.what();
  }
  return nullptr;
}
