#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "core/feed/listen/listener.hpp"
#include "core/feed/listen/token.hpp"

namespace cdctl::feed::listen {

namespace beast = boost::beast;
namespace http = boost::beast::http;

class Session;

/// What a connection needs of the server it belongs to.
struct Hub {
  std::optional<Token> token;  ///< none: for this machine alone
  ListenLimits limits;
  Serves serves = Serves::signals;
  std::function<void(Arrival, std::shared_ptr<Session>)> arrived{};  ///< fills the id
  /// Calls the session's read_body() once there is room for so many bytes.
  std::function<void(std::size_t, std::shared_ptr<Session>)> when_there_is_room{};
  std::function<void(std::size_t)> give_back{};  ///< the room of a body
  std::function<void()> awaited{};               ///< a connection waits for its client again
  std::function<void(Session*)> streaming{};     ///< its answer goes on for ever
  std::function<void(Session*)> ended{};
  std::array<char, 1 << 16> nowhere{};  ///< for what nobody reads
};

/// One connection: reads a request, waits for its answer, writes it, and again; or goes on writing
/// where the answer is a stream. Lives as long as something of it is under way; every step that a
/// client has to take has a deadline, so that nobody holds a place for nothing.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;

  Session(boost::asio::ip::tcp::socket socket, boost::asio::ip::address from, Hub& hub);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void begin();
  void read_body();
  /// On the server's thread.
  void answer(ListenAnswer answer);
  /// The next piece of a stream. On the server's thread.
  void push(std::shared_ptr<const std::string> piece);

  /// Whether it is the client that is waited for, and not we.
  [[nodiscard]] bool awaits_client() const { return !ours_; }
  [[nodiscard]] bool knows_token() const { return known_; }
  [[nodiscard]] Clock::time_point since() const { return since_; }  ///< when this step began
  [[nodiscard]] const boost::asio::ip::address& from() const { return from_; }
  /// Hangs up.
  void drop();

 private:
  void read_header();
  void take_header();
  void say_continue();
  /// Why a request is not taken whose framing another server could read otherwise; empty for one
  /// that all read alike.
  [[nodiscard]] std::string_view ambiguity() const;
  void hand_over();
  /// `last`: the rest of the request is not read, so nothing can follow on this connection.
  void write(ListenAnswer answer, bool last);
  void wrote(bool keep);
  /// Goes on with the stream that its answer began.
  void go_on();
  void send_some();
  /// Reads what nobody wants to know, so that it is seen when the client goes.
  void watch();
  [[nodiscard]] bool says_token() const;
  /// Whether it was asked for by an address of this machine. A page in somebody's browser that
  /// makes a name of its own point here has another one.
  [[nodiscard]] bool says_loopback() const;
  void fail_read(const beast::error_code& error);
  /// Reads what the client still sends, so that it gets to read our last answer.
  void linger();
  void await_client(Millis within);
  void give_back();

  beast::tcp_stream stream_;
  const boost::asio::ip::address from_;
  Hub& hub_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::span_body<const char>>> response_;
  std::shared_ptr<const std::string> content_;  ///< of the response
  std::optional<http::response<http::empty_body>> continue_;
  Clock::time_point since_ = Clock::now();
  bool ours_ = false;     ///< its body waits for room, or its request for an answer
  bool waiting_ = false;  ///< for answer()
  bool known_ = false;    ///< it has said the token
  std::size_t room_ = 0;  ///< that its body has
  std::size_t lingered_ = 0;
  std::deque<std::shared_ptr<const std::string>> backlog_;  ///< of a stream
  std::size_t backlog_bytes_ = 0;
  std::size_t sent_ = 0;  ///< of its first piece
  bool sending_ = false;
};

}  // namespace cdctl::feed::listen
