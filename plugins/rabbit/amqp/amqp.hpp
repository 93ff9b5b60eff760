#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

// What the plugin needs of AMQP 0-9-1. librabbitmq drags in OpenSSL, nearly a millisecond to map,
// and many commands need HTTP alone: so the implementation is a module of its own (amqp/), opened
// at the first connection.

namespace cdctl::rabbit {

constexpr int k_heartbeat_s = 30;

/// One node of a broker.
struct AmqpNode {
  std::string host;
  int port = 5672;
  bool tls = false;
  /// `amqp://host:port`
  [[nodiscard]] std::string shown() const {
    return (tls ? "amqps://" : "amqp://") + (host.contains(':') ? "[" + host + "]" : host) + ":" +
           std::to_string(port);
  }
};

/// Where to connect, and as whom.
struct AmqpAddress {
  std::string host;
  int port = 5672;
  bool tls = false;
  std::vector<AmqpNode> also = {};  ///< further nodes of the same broker, tried in turn
  std::string vhost = "/";
  std::string user, password;  ///< reach no error text
  std::string ca_file;         ///< PEM; empty = the system's
  std::string name;            ///< shown by the broker as the connection's name
  /// `amqp://host:port`, for an error.
  [[nodiscard]] std::string shown() const { return AmqpNode{host, port, tls}.shown(); }
};

/// The exchange and the stream of the signals.
struct FeedShape {
  std::string exchange, queue;
  std::string max_age;         ///< in RabbitMQ's spelling: `24h`
  std::int64_t max_bytes = 0;  ///< 0 = no limit
};

/// The broker checks the `user_id` of every message: it is that of the connection.
struct Publication {
  std::string exchange, routing_key, message_id, content_type, body;
  std::string type;  ///< the message property
};

/// Bytes of a message that a reader takes: whoever may write to a queue must not be able to fill
/// its readers' memory.
constexpr std::size_t k_longest_message = 1u << 20;

/// One message of a consumer. Its body is kept where it is no longer than that, and where those
/// that wait to be taken leave room for it.
struct Delivery {
  std::string consumer, routing_key;
  std::string exchange;  ///< the one it was published to, whatever bindings it came through
  std::string user;      ///< its `user_id`: whose connection published it. Empty = it does not say
  bool dead = false;  ///< it was dead-lettered: neither the key nor the exchange are its sender's
  std::uint64_t tag = 0;        ///< for acknowledge()
  std::int64_t offset = -1;     ///< in the stream
  std::optional<Time> stamped;  ///< by the broker's interceptor for timestamps
  std::string type, body;
  std::uint64_t size = 0;  ///< of the body, as it was announced
  /// There was no room for a body that could be kept: consuming from here on brings it again.
  [[nodiscard]] bool passed_over() const { return size <= k_longest_message && body.size() < size; }
};

/// Where a consumer of a stream begins.
struct StreamStart {
  enum class At { next, last, offset, time } at = At::next;
  std::int64_t offset = 0;
  Time time{};
};

struct QueueCounts {
  std::int64_t ready = 0, consumers = 0;
};

/// One connection with one channel. Errors: `unknown` when the broker or the connection failed,
/// `timeout`, `interrupted` on a stop request. One thread at a time. The destructor closes the
/// connection.
class AmqpLink {
 public:
  virtual ~AmqpLink() = default;
  /// Declares an exclusive queue; false when another connection holds it.
  [[nodiscard]] virtual Result<bool> take_exclusive(const std::string& queue,
                                                    const Deadline& deadline) = 0;
  /// Makes the exchange and the stream where they are absent; those that are there stay as they
  /// are.
  [[nodiscard]] virtual Result<> declare_feed(const FeedShape& shape, const Deadline& deadline) = 0;
  /// Publishes all, mandatory and persistent, and waits for every confirm. Exit code `failed` when
  /// the exchange is absent or a message reached no queue.
  [[nodiscard]] virtual Result<> publish(std::span<const Publication> messages,
                                         const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> consume(const std::string& queue, const std::string& consumer,
                                         std::uint16_t prefetch, const StreamStart& start,
                                         const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<> cancel(const std::string& consumer, const Deadline& deadline) = 0;
  /// One round trip: what the broker had sent to this channel before is here now.
  [[nodiscard]] virtual Result<> barrier(const Deadline& deadline) = 0;
  /// The next message; empty when none came by the deadline, or on a stop request.
  [[nodiscard]] virtual Result<std::optional<Delivery>> next(const Deadline& deadline) = 0;
  /// Acknowledges all messages up to this one.
  [[nodiscard]] virtual Result<> acknowledge(std::uint64_t tag) = 0;
  /// Counts of a queue; empty when it is absent.
  [[nodiscard]] virtual Result<std::optional<QueueCounts>> counts(const std::string& queue,
                                                                  const Deadline& deadline) = 0;
  /// Reads what came and sends a heartbeat when one is due; to be called at least every 10 s on an
  /// idle connection.
  [[nodiscard]] virtual Result<> beat() = 0;
  /// To be polled by who waits for several connections; what is here already is in next(), so ask
  /// that first.
  [[nodiscard]] virtual int fd() const = 0;
  /// As the only consumer of a queue; false when it has another. To be acknowledged.
  [[nodiscard]] virtual Result<bool> consume_alone(const std::string& queue,
                                                   const std::string& consumer,
                                                   const Deadline& deadline) = 0;
  /// The heartbeat that was agreed on, in seconds; 0 = none.
  [[nodiscard]] virtual int heartbeat() const = 0;
};

class AmqpDriver {
 public:
  virtual ~AmqpDriver() = default;
  /// Safe in any thread. Of several nodes each has a short time, the one that answered last first.
  [[nodiscard]] Result<std::unique_ptr<AmqpLink>> connect(const AmqpAddress& address,
                                                          const Deadline& deadline) {
    return connect_with(address, k_heartbeat_s, deadline);
  }
  /// With another heartbeat; a broker may want a shorter one.
  [[nodiscard]] virtual Result<std::unique_ptr<AmqpLink>> connect_with(
      const AmqpAddress& address, int heartbeat_s, const Deadline& deadline) = 0;
};

/// Opens the module at the first call. It stays open; the driver is owned by the module.
[[nodiscard]] Result<AmqpDriver*> amqp_driver();

}  // namespace cdctl::rabbit
