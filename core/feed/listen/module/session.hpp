#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "core/feed/listen/listener.hpp"

namespace cdctl::feed::listen {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// What a connection needs of the server it belongs to.
struct Hub {
  std::string token;
  ListenLimits limits;
  std::function<void(Arrival, std::shared_ptr<class Session>)> arrived;  ///< fills the id
  std::function<void()> ended;  ///< a connection is free again
};

/// One connection: reads a request, waits for its answer, writes it, and again. Lives as long as
/// something of it is under way; every step has a deadline, so that nobody holds a place for
/// nothing.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, Hub& hub) : stream_(std::move(socket)), hub_(hub) {}
  ~Session() { hub_.ended(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void begin() { read_header(); }
  /// On the server's thread.
  void answer(const ListenAnswer& answer);

 private:
  void read_header();
  void take_header();
  void go_on();
  void read_body();
  void hand_over();
  /// `last`: the rest of the request is not read, so nothing can follow on this connection.
  void write(int status, const std::string& line, bool last);
  [[nodiscard]] bool knows_token() const;
  void fail_read(const beast::error_code& error);
  /// Reads what the client still sends, so that it gets to read our last answer.
  void linger();

  beast::tcp_stream stream_;
  Hub& hub_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response<http::empty_body>> continue_;
  bool waiting_ = false;  ///< for answer()
  std::size_t lingered_ = 0;
};

}  // namespace cdctl::feed::listen
