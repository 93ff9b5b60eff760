#pragma once

#include <string>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// `[rabbit]` of a new configuration.
struct BrokerAnswers {
  std::string management;  ///< empty = no broker
  std::string amqp, vhost = "/", user;
  std::string password;  ///< goes to a 0600 file and nowhere else
};

/// The management API of a RabbitMQ on this machine's usual port, if one answers within 300 ms;
/// else empty. No login is tried.
[[nodiscard]] std::string broker_nearby(Context& context);

/// A management address that people gave, `http://USER@HOST:PORT`, into `management` and, where it
/// is named, `user`. Exit code `usage` when it is none, or holds a password.
[[nodiscard]] Result<> read_address(const std::string& text, BrokerAnswers& answers);

/// What the broker says to these answers; 3 s.
struct BrokerReply {
  bool reached = false;
  bool login = true;  ///< false: it refused user and password
  bool administrator = true;
  int amqp_port = 5672;  ///< where it listens
  std::string trouble;   ///< why it was not reached
};
[[nodiscard]] BrokerReply ask_broker(Context& context, const BrokerAnswers& answers);

}  // namespace cdctl::cli
