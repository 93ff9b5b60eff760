#pragma once

#include <deque>
#include <optional>
#include <string>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include "plugins/rabbit/amqp/amqp.hpp"

namespace cdctl::rabbit {

constexpr amqp_channel_t k_channel = 1;

[[nodiscard]] inline std::string text_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}
/// A view for a call that only reads.
[[nodiscard]] inline amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // librabbitmq's type knows no const
}

/// How the broker closed our channel or the connection.
struct Closed {
  bool connection = false;
  bool down = false;  ///< the queue is there, but not reachable at the moment
  int code = 0;
  std::string text;
};

/// Frames of one connection, read one at a time with a deadline and a look at the stop request.
/// librabbitmq's own waits have no deadline in the middle of a message.
class Frames {
 public:
  Frames() = default;
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;
  ~Frames();

  /// TCP or TLS connection, login and channel.
  [[nodiscard]] Result<> open(const AmqpAddress& address, int heartbeat_s,
                              const Deadline& deadline);
  [[nodiscard]] Result<> open_channel(const Deadline& deadline);
  /// Sends a method on our channel.
  [[nodiscard]] Result<> send(amqp_method_number_t id, void* method);
  [[nodiscard]] Result<> publish(const Publication& message);
  /// Waits for the method `reply`. Deliveries that come meanwhile are kept for take_delivery(). A
  /// close by the broker is an error, and is in closed().
  [[nodiscard]] Result<amqp_method_t> await(amqp_method_number_t reply, const Deadline& deadline);
  /// The next method that is neither a delivery nor housekeeping; empty at the deadline.
  [[nodiscard]] Result<std::optional<amqp_method_t>> next_method(const Deadline& deadline);
  /// Reads until a delivery is complete; empty at the deadline or on a stop request.
  [[nodiscard]] Result<std::optional<Delivery>> take_delivery(const Deadline& deadline);
  [[nodiscard]] const std::optional<Closed>& closed() const { return closed_; }
  [[nodiscard]] bool returned() const { return returned_; }
  void forget_returned() { returned_ = false; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] int heartbeat() const { return state_ ? amqp_get_heartbeat(state_) : 0; }
  [[nodiscard]] int fd() const { return state_ ? amqp_get_sockfd(state_) : -1; }
  /// Closes the connection politely, waiting at most `wait`.
  void close(Millis wait);
  /// Closes it without waiting for the broker to delete our exclusive queues, which takes it some
  /// milliseconds.
  void leave(Millis wait);

 private:
  enum class Got { frame, nothing, stopped };
  [[nodiscard]] Result<Got> next_frame(amqp_frame_t& frame, const Deadline& deadline);
  /// The method of a frame, if it is one that someone waits for.
  [[nodiscard]] Result<std::optional<amqp_method_t>> digest(const amqp_frame_t& frame);
  [[nodiscard]] Error closing(const amqp_method_t& method);
  void take_header(const amqp_frame_t& frame);
  void finish_body();
  [[nodiscard]] bool send_close();
  [[nodiscard]] bool await_close_ok(amqp_method_number_t reply, Millis wait);
  [[nodiscard]] Error lost(int status) const;
  /// Why nothing could be sent: what the broker said before it hung up, if it did.
  [[nodiscard]] Error hung_up(int status);
  [[nodiscard]] Result<> login(const AmqpAddress& address, const Deadline& deadline);

  amqp_connection_state_t state_ = nullptr;
  std::string where_, user_;
  int heartbeat_s_ = k_heartbeat_s;  ///< that we ask for
  bool logged_in_ = false, returned_ = false, blocked_ = false;
  std::optional<Closed> closed_;
  std::deque<Delivery> ready_;
  std::size_t ready_bytes_ = 0;      ///< of their bodies
  std::optional<Delivery> partial_;  ///< a delivery whose body is still coming
  bool skipping_ = false;            ///< the body of a message that was returned is coming
  bool keeping_ = false;             ///< the body that is coming is kept
  std::uint64_t body_left_ = 0;
};

}  // namespace cdctl::rabbit
