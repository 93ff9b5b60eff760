#include <fmt/format.h>

#include "plugins/rabbit/amqp/amqp.hpp"

namespace cdctl::rabbit {

std::string AmqpAddress::shown() const {
  return fmt::format("{}://{}:{}", tls ? "amqps" : "amqp",
                     host.contains(':') ? "[" + host + "]" : host, port);
}

}  // namespace cdctl::rabbit
