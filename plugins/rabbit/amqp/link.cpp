#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "plugins/rabbit/amqp/frames.hpp"

namespace cdctl::rabbit {

namespace {

// Unconfirmed messages under way: enough to keep a stream busy, few enough to fit into the socket's
// buffers.
constexpr std::size_t k_window = 128;

amqp_table_entry_t entry(const char* key, std::string_view value) {
  amqp_table_entry_t out{};
  out.key = amqp_cstring_bytes(key);
  out.value.kind = AMQP_FIELD_KIND_UTF8;
  out.value.value.bytes = bytes_of(value);
  return out;
}
amqp_table_entry_t entry(const char* key, std::int64_t value,
                         std::uint8_t kind = AMQP_FIELD_KIND_I64) {
  amqp_table_entry_t out{};
  out.key = amqp_cstring_bytes(key);
  out.value.kind = kind;
  if (kind == AMQP_FIELD_KIND_I64)
    out.value.value.i64 = value;
  else
    out.value.value.u64 = static_cast<std::uint64_t>(value);
  return out;
}

class Link final : public AmqpLink {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() override {
    if (exclusive_) frames_.leave(Millis(200));
  }
  Result<> open(const AmqpAddress& address, int heartbeat_s, const Deadline& deadline) {
    return frames_.open(address, heartbeat_s, deadline);
  }

  Result<bool> take_exclusive(const std::string& queue, const Deadline& deadline) override;
  Result<> declare_feed(const FeedShape& shape, const Deadline& deadline) override;
  Result<> publish(std::span<const Publication> messages, const Deadline& deadline) override;
  Result<> consume(const std::string& queue, const std::string& consumer, std::uint16_t prefetch,
                   const StreamStart& start, const Deadline& deadline) override;
  Result<bool> consume_alone(const std::string& queue, const std::string& consumer,
                             const Deadline& deadline) override;
  Result<> cancel(const std::string& consumer, const Deadline& deadline) override;
  Result<> barrier(const Deadline& deadline) override;
  Result<std::optional<Delivery>> next(const Deadline& deadline) override {
    return frames_.take_delivery(deadline);
  }
  Result<> acknowledge(std::uint64_t tag) override;
  Result<std::optional<QueueCounts>> counts(const std::string& queue,
                                            const Deadline& deadline) override;
  Result<> beat() override;
  int heartbeat() const override { return frames_.heartbeat(); }
  int fd() const override { return frames_.fd(); }

 private:
  Result<> declare_queue(const std::string& queue, bool passive, bool exclusive,
                         amqp_table_t arguments, const Deadline& deadline,
                         QueueCounts* counts = nullptr);
  Result<> declare_exchange(const FeedShape& shape, bool passive, const Deadline& deadline);
  Result<> make_stream(const FeedShape& shape, const Deadline& deadline);
  Result<> await_confirms(const Deadline& deadline);
  Result<> start_confirms(const Deadline& deadline);
  /// Whether the broker closed the channel with this code; then a new channel is open.
  Result<bool> channel_said(int code, const Error& error, const Deadline& deadline);

  Frames frames_;
  bool exclusive_ = false;  ///< we hold an exclusive queue
  bool confirming_ = false;
  std::uint64_t published_ = 0;
  std::set<std::uint64_t> unconfirmed_;
};

Result<bool> Link::channel_said(int code, const Error& error, const Deadline& deadline) {
  const auto closed = frames_.closed();
  if (!closed || closed->connection || closed->down || closed->code != code) return fail(error);
  confirming_ = false;
  published_ = 0;
  unconfirmed_.clear();
  CDCTL_TRY(frames_.open_channel(deadline));
  return true;
}

Result<> Link::declare_queue(const std::string& queue, bool passive, bool exclusive,
                             amqp_table_t arguments, const Deadline& deadline,
                             QueueCounts* counts) {
  amqp_queue_declare_t declare{};
  declare.queue = bytes_of(queue);
  declare.passive = passive;
  declare.durable = !exclusive;
  declare.exclusive = exclusive;
  declare.auto_delete = exclusive;
  declare.arguments = arguments;
  CDCTL_TRY(frames_.send(AMQP_QUEUE_DECLARE_METHOD, &declare));
  CDCTL_TRY_ASSIGN(const auto reply, frames_.await(AMQP_QUEUE_DECLARE_OK_METHOD, deadline));
  const auto& ok = *static_cast<amqp_queue_declare_ok_t*>(reply.decoded);
  if (counts) *counts = {ok.message_count, ok.consumer_count};
  return {};
}

Result<bool> Link::take_exclusive(const std::string& queue, const Deadline& deadline) {
  auto declared = declare_queue(queue, false, true, amqp_empty_table, deadline);
  if (declared) return exclusive_ = true;
  CDCTL_TRY(channel_said(405, declared.error(), deadline));  // RESOURCE_LOCKED
  return false;
}

Result<std::optional<QueueCounts>> Link::counts(const std::string& queue,
                                                const Deadline& deadline) {
  QueueCounts found;
  auto declared = declare_queue(queue, true, false, amqp_empty_table, deadline, &found);
  if (declared) return std::optional(found);
  CDCTL_TRY(channel_said(404, declared.error(), deadline));
  return std::optional<QueueCounts>();
}

Result<> Link::declare_exchange(const FeedShape& shape, bool passive, const Deadline& deadline) {
  amqp_exchange_declare_t declare{};
  declare.exchange = bytes_of(shape.exchange);
  declare.type = amqp_cstring_bytes("topic");
  declare.passive = passive;
  declare.durable = 1;
  CDCTL_TRY(frames_.send(AMQP_EXCHANGE_DECLARE_METHOD, &declare));
  CDCTL_TRY(frames_.await(AMQP_EXCHANGE_DECLARE_OK_METHOD, deadline));
  return {};
}

Result<> Link::make_stream(const FeedShape& shape, const Deadline& deadline) {
  amqp_table_entry_t entries[3] = {entry("x-queue-type", "stream"),
                                   entry("x-max-age", shape.max_age),
                                   entry("x-max-length-bytes", shape.max_bytes)};
  return declare_queue(shape.queue, false, false, {shape.max_bytes > 0 ? 3 : 2, entries}, deadline);
}

Result<> Link::declare_feed(const FeedShape& shape, const Deadline& deadline) {
  // Asking first: a stream that is there may have another retention, and declaring it with ours
  // would be refused.
  if (auto there = declare_exchange(shape, true, deadline); !there) {
    CDCTL_TRY(channel_said(404, there.error(), deadline));
    CDCTL_TRY(declare_exchange(shape, false, deadline));
  }
  CDCTL_TRY_ASSIGN(const auto found, counts(shape.queue, deadline));
  if (!found) {
    if (auto made = make_stream(shape, deadline); !made) {
      CDCTL_TRY(channel_said(406, made.error(),
                             deadline));  // another one made it meanwhile, with its own retention
    }
  }
  amqp_queue_bind_t bind{};
  bind.queue = bytes_of(shape.queue);
  bind.exchange = bytes_of(shape.exchange);
  bind.routing_key = amqp_cstring_bytes("#");
  CDCTL_TRY(frames_.send(AMQP_QUEUE_BIND_METHOD, &bind));
  CDCTL_TRY(frames_.await(AMQP_QUEUE_BIND_OK_METHOD, deadline));
  return {};
}

Result<> Link::start_confirms(const Deadline& deadline) {
  if (confirming_) return {};
  amqp_confirm_select_t select{};
  CDCTL_TRY(frames_.send(AMQP_CONFIRM_SELECT_METHOD, &select));
  CDCTL_TRY(frames_.await(AMQP_CONFIRM_SELECT_OK_METHOD, deadline));
  confirming_ = true;
  return {};
}

Result<> Link::await_confirms(const Deadline& deadline) {
  while (!unconfirmed_.empty()) {
    CDCTL_TRY_ASSIGN(const auto method, frames_.next_method(deadline));
    if (!method)
      return fail(ExitCode::timeout,
                  fmt::format("{}: no confirm within {}; is a memory or disk alarm on?",
                              frames_.where(), deadline.given()));
    if (method->id == AMQP_BASIC_NACK_METHOD)
      return fail(ExitCode::unknown,
                  fmt::format("{}: the broker could not store the message", frames_.where()));
    if (method->id != AMQP_BASIC_ACK_METHOD) continue;
    const auto& ack = *static_cast<amqp_basic_ack_t*>(method->decoded);
    if (ack.multiple)
      unconfirmed_.erase(unconfirmed_.begin(), unconfirmed_.upper_bound(ack.delivery_tag));
    else
      unconfirmed_.erase(ack.delivery_tag);
  }
  return {};
}

Result<> Link::publish(std::span<const Publication> messages, const Deadline& deadline) {
  CDCTL_TRY(start_confirms(deadline));
  frames_.forget_returned();
  for (const auto& message : messages) {
    CDCTL_TRY(frames_.publish(message));
    unconfirmed_.insert(++published_);
    if (unconfirmed_.size() >= k_window) CDCTL_TRY(await_confirms(deadline));
  }
  CDCTL_TRY(await_confirms(deadline));
  if (frames_.returned())
    return fail(fmt::format("{}: a message reached no queue", frames_.where()));
  return {};
}

Result<> Link::consume(const std::string& queue, const std::string& consumer,
                       std::uint16_t prefetch, const StreamStart& start, const Deadline& deadline) {
  amqp_basic_qos_t qos{};
  qos.prefetch_count = prefetch;
  CDCTL_TRY(frames_.send(AMQP_BASIC_QOS_METHOD, &qos));
  CDCTL_TRY(frames_.await(AMQP_BASIC_QOS_OK_METHOD, deadline));
  amqp_table_entry_t from{};
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(start.time).time_since_epoch().count();
  switch (start.at) {
    case StreamStart::At::next:
      from = entry("x-stream-offset", "next");
      break;
    case StreamStart::At::last:
      from = entry("x-stream-offset", "last");
      break;
    case StreamStart::At::offset:
      from = entry("x-stream-offset", start.offset);
      break;
    case StreamStart::At::time:
      from =
          entry("x-stream-offset", std::max<std::int64_t>(seconds, 0), AMQP_FIELD_KIND_TIMESTAMP);
      break;
  }
  amqp_basic_consume_t consume{};
  consume.queue = bytes_of(queue);
  consume.consumer_tag = bytes_of(consumer);
  consume.arguments = {1, &from};
  CDCTL_TRY(frames_.send(AMQP_BASIC_CONSUME_METHOD, &consume));
  CDCTL_TRY(frames_.await(AMQP_BASIC_CONSUME_OK_METHOD, deadline));
  return {};
}

Result<bool> Link::consume_alone(const std::string& queue, const std::string& consumer,
                                 const Deadline& deadline) {
  amqp_basic_consume_t consume{};
  consume.queue = bytes_of(queue);
  consume.consumer_tag = bytes_of(consumer);
  consume.exclusive = 1;
  CDCTL_TRY(frames_.send(AMQP_BASIC_CONSUME_METHOD, &consume));
  auto begun = frames_.await(AMQP_BASIC_CONSUME_OK_METHOD, deadline);
  if (begun) return true;
  // ACCESS_REFUSED is said of a right that is missing as well
  const auto& closed = frames_.closed();
  if (!closed || !closed->text.contains("exclusive use")) return fail(begun.error());
  CDCTL_TRY(channel_said(403, begun.error(), deadline));
  return false;
}

Result<> Link::cancel(const std::string& consumer, const Deadline& deadline) {
  amqp_basic_cancel_t cancel{};
  cancel.consumer_tag = bytes_of(consumer);
  CDCTL_TRY(frames_.send(AMQP_BASIC_CANCEL_METHOD, &cancel));
  CDCTL_TRY(frames_.await(AMQP_BASIC_CANCEL_OK_METHOD, deadline));
  return {};
}

Result<> Link::barrier(const Deadline& deadline) {
  // Any synchronous method serves: the channel handles them in order. qos 0 would lift the limit,
  // so flow it is.
  amqp_channel_flow_t flow{};
  flow.active = 1;
  CDCTL_TRY(frames_.send(AMQP_CHANNEL_FLOW_METHOD, &flow));
  CDCTL_TRY(frames_.await(AMQP_CHANNEL_FLOW_OK_METHOD, deadline));
  return {};
}

Result<> Link::acknowledge(std::uint64_t tag) {
  amqp_basic_ack_t ack{};
  ack.delivery_tag = tag;
  ack.multiple = 1;
  return frames_.send(AMQP_BASIC_ACK_METHOD, &ack);
}

Result<> Link::beat() {
  CDCTL_TRY(frames_.next_method(Deadline(Millis(0))));
  return {};
}

class Driver final : public AmqpDriver {
 public:
  Result<std::unique_ptr<AmqpLink>> connect_with(const AmqpAddress& address, int heartbeat_s,
                                                 const Deadline& deadline) override {
    if (address.also.empty()) return connect_to(address, heartbeat_s, deadline);
    const auto nodes = nodes_of(address);
    const auto first = last_good(address.shown());
    Result<std::unique_ptr<AmqpLink>> out = fail(ExitCode::unknown, "no node");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto at = (first + i) % nodes.size();
      const bool last = i + 1 == nodes.size();
      out = connect_to(nodes[at], heartbeat_s, last ? deadline : deadline.at_most(k_each));
      if (out) {
        note_good(address.shown(), at);
        return out;
      }
      const auto exit = out.error().exit;
      if ((exit != ExitCode::unknown && exit != ExitCode::timeout) || deadline.passed()) return out;
    }
    return fail(out.error().in(fmt::format("none of the {} nodes of {} answers; the last one",
                                           nodes.size(), address.shown())));
  }

 private:
  static constexpr Millis k_each{1500};  ///< for a node, unless it is the last one

  static Result<std::unique_ptr<AmqpLink>> connect_to(const AmqpAddress& address, int heartbeat_s,
                                                      const Deadline& deadline) {
    auto link = std::make_unique<Link>();
    CDCTL_TRY(link->open(address, heartbeat_s, deadline));
    return link;
  }
  static std::vector<AmqpAddress> nodes_of(const AmqpAddress& address) {
    std::vector<AmqpAddress> out{address};
    for (const auto& node : address.also) {
      auto& one = out.emplace_back(address);
      one.host = node.host, one.port = node.port, one.tls = node.tls;
    }
    return out;
  }
  std::size_t last_good(const std::string& broker) {
    const std::lock_guard guard(mutex_);
    const auto at = good_.find(broker);
    return at == good_.end() ? 0 : at->second;
  }
  void note_good(const std::string& broker, std::size_t node) {
    const std::lock_guard guard(mutex_);
    good_[broker] = node;
  }

  std::mutex mutex_;
  std::map<std::string, std::size_t> good_;  ///< the node of each broker that answered last
};

}  // namespace

}  // namespace cdctl::rabbit

/// The driver outlives the program's end: a thread that waits for a lock may still connect then.
extern "C" __attribute__((visibility("default"))) cdctl::rabbit::AmqpDriver* cdctl_amqp_driver() {
  static auto* const driver = new cdctl::rabbit::Driver;
  return driver;
}
