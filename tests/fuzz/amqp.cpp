#include <algorithm>
#include <deque>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/amqp/frames.hpp"
#include "plugins/rabbit/feed/reader.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::fuzz::must;

namespace {

std::string_view g_broker;  ///< what the broker has sent and nobody has read yet

}  // namespace

// librabbitmq takes frames apart as ever; what it would ask the network for comes from the harness,
// so that no system call is made. These stand before the library's own.
extern "C" {
int amqp_socket_open_noblock(amqp_socket_t*, const char*, int, const struct timeval*) {
  return AMQP_STATUS_OK;
}
amqp_rpc_reply_t amqp_login_with_properties(amqp_connection_state_t, char const*, int, int, int,
                                            const amqp_table_t*, amqp_sasl_method_enum, ...) {
  amqp_rpc_reply_t reply{};
  reply.reply_type = AMQP_RESPONSE_NORMAL;
  return reply;
}
int amqp_send_method(amqp_connection_state_t, amqp_channel_t, amqp_method_number_t, void*) {
  return AMQP_STATUS_OK;
}
int amqp_simple_wait_frame_noblock(amqp_connection_state_t state, amqp_frame_t* frame,
                                   const struct timeval*) {
  while (!g_broker.empty()) {
    const int taken = amqp_handle_input(state, bytes_of(g_broker), frame);
    if (taken < 0) return taken;
    g_broker.remove_prefix(static_cast<std::size_t>(taken));
    if (frame->frame_type != 0 && frame->frame_type != AMQP_FRAME_HEARTBEAT) return AMQP_STATUS_OK;
    if (taken == 0) break;
  }
  return AMQP_STATUS_CONNECTION_CLOSED;
}
}

namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
  return out;
}
std::string short_text(std::string_view text) { return number(text.size(), 1) + std::string(text); }
std::string frame(int type, std::string_view payload) {
  return number(static_cast<std::uint64_t>(type), 1) + number(k_channel, 2) +
         number(payload.size(), 4) + std::string(payload) + '\xce';
}
const std::string k_opened =
    frame(AMQP_FRAME_METHOD, number(AMQP_CHANNEL_OPEN_OK_METHOD, 4) + number(0, 4));

/// Takes pieces off the text that drives a harness; what is not there any more is zero or empty.
class Script {
 public:
  explicit Script(std::string_view text) : text_(text) {}
  [[nodiscard]] bool empty() const { return text_.empty(); }
  std::uint64_t take(int bytes) {
    std::uint64_t out = 0;
    for (; bytes > 0 && !text_.empty(); --bytes, text_.remove_prefix(1))
      out = out << 8 | static_cast<unsigned char>(text_.front());
    return out;
  }
  std::string_view text(std::size_t most) {
    const auto out = text_.substr(0, most);
    text_.remove_prefix(out.size());
    return out;
  }

 private:
  std::string_view text_;
};

/// A header of a message: its number, as each type of AMQP can say it.
struct Number {
  std::string field;
  std::optional<std::int64_t> value;
};
Number header_of(std::string_view name, Script& script) {
  struct Kind {
    char letter;
    int bytes;
    bool sign;
  };
  static constexpr Kind kinds[]{{'l', 8, true},  {'L', 8, false}, {'T', 8, false}, {'I', 4, true},
                                {'i', 4, false}, {'s', 2, true},  {'b', 1, true},  {'t', 1, false}};
  const auto& kind = kinds[script.take(1) % std::size(kinds)];
  const auto raw = script.take(kind.bytes);
  Number out{short_text(name) + kind.letter + number(raw, kind.bytes), {}};
  if (kind.letter == 't') return out;  // a flag is no number
  const int unused = 64 - kind.bytes * 8;
  out.value = kind.sign ? static_cast<std::int64_t>(raw << unused) >> unused
                        : static_cast<std::int64_t>(raw);
  return out;
}

/// Whether an offset or a time in milliseconds is one.
bool possible(const std::optional<std::int64_t>& value) {
  return value && *value >= 0 && *value <= 1'000'000'000'000'000;
}

/// A message of the stream in frames, and what is to come of it.
Delivery message(Script& script, std::string& frames) {
  Delivery out;
  const auto shape = script.take(1);
  out.consumer = "cdctl";
  out.routing_key = script.text(script.take(1) % 64);
  out.tag = script.take(1);
  frames +=
      frame(AMQP_FRAME_METHOD, number(AMQP_BASIC_DELIVER_METHOD, 4) + short_text(out.consumer) +
                                   number(out.tag, 8) + number(shape & 1, 1) + short_text("") +
                                   short_text(out.routing_key));
  std::string table, properties;
  std::uint64_t flags = 0;
  if (shape & 2) {
    const auto offset = header_of("x-stream-offset", script);
    table += offset.field;
    if (possible(offset.value)) out.offset = *offset.value;
  }
  if (shape & 4) {
    const auto stamp = header_of("timestamp_in_ms", script);
    table += stamp.field;
    if (possible(stamp.value)) out.stamped = Time(Millis(*stamp.value));
  }
  if (!table.empty()) {
    flags |= AMQP_BASIC_HEADERS_FLAG;
    properties += number(table.size(), 4) + table;
  }
  if (shape & 8) {
    out.type = script.text(script.take(1) % 32);
    flags |= AMQP_BASIC_TYPE_FLAG;
    properties += short_text(out.type);
  }
  out.body = script.text(script.take(2) % 1024);
  frames +=
      frame(AMQP_FRAME_HEADER, number(AMQP_BASIC_CLASS, 2) + number(0, 2) +
                                   number(out.body.size(), 8) + number(flags, 2) + properties);
  const auto piece = std::max<std::size_t>(script.take(1), 1);
  for (std::size_t at = 0; at < out.body.size(); at += piece)
    frames += frame(AMQP_FRAME_BODY, std::string_view(out.body).substr(at, piece));
  return out;
}

/// Reads all that the broker has sent.
std::deque<Delivery> deliveries_of(std::string_view sent) {
  const auto all = k_opened + std::string(sent);
  g_broker = all;
  std::deque<Delivery> out;
  Frames frames;
  must(frames.open(AmqpAddress(), k_heartbeat_s, Deadline(Millis(1000))).has_value(),
       "a channel opens");
  for (;;) {
    auto delivery = frames.take_delivery(Deadline(Millis(0)));
    if (!delivery) {
      must(fuzz::one_line(delivery.error().what) && !delivery.error().what.empty(),
           "what the broker says is told in one line");
      break;
    }
    if (!*delivery) break;
    out.push_back(std::move(**delivery));
  }
  g_broker = {};
  return out;
}

/// Gives a reader of the feed what was delivered.
class FakeLink final : public AmqpLink {
 public:
  explicit FakeLink(std::deque<Delivery> deliveries) : deliveries_(std::move(deliveries)) {}

  Result<bool> take_exclusive(const std::string&, const Deadline&) override { return true; }
  Result<> declare_feed(const FeedShape&, const Deadline&) override { return {}; }
  Result<> publish(std::span<const Publication>, const Deadline&) override { return {}; }
  Result<> consume(const std::string&, const std::string& consumer, std::uint16_t,
                   const StreamStart&, const Deadline&) override {
    for (auto& delivery : deliveries_) {
      delivery.consumer = consumer;
      delivery.exchange = k_signals;  // or nothing of the body is looked at
      if (delivery.user.empty()) delivery.user = "operator";
    }
    return {};
  }
  Result<bool> consume_alone(const std::string&, const std::string&, const Deadline&) override {
    return true;
  }
  Result<> cancel(const std::string&, const Deadline&) override { return {}; }
  Result<> barrier(const Deadline&) override { return {}; }
  Result<std::optional<Delivery>> next(const Deadline&) override {
    if (deliveries_.empty()) return std::optional<Delivery>();
    auto out = std::move(deliveries_.front());
    deliveries_.pop_front();
    return std::optional(std::move(out));
  }
  Result<> acknowledge(std::uint64_t) override { return {}; }
  Result<std::optional<QueueCounts>> counts(const std::string&, const Deadline&) override {
    return std::optional<QueueCounts>();
  }
  Result<> beat() override { return {}; }
  int heartbeat() const override { return 0; }
  int fd() const override { return -1; }

 private:
  std::deque<Delivery> deliveries_;
};

/// Nobody speaks for another set than the one under whose key the broker let him write.
void read_signals(std::deque<Delivery> deliveries) {
  static fuzz::FuzzHost host;
  std::vector<std::string> keys;
  for (const auto& delivery : deliveries) keys.push_back(delivery.routing_key);
  RabbitReader reader(host, std::make_unique<FakeLink>(std::move(deliveries)), true, {"operator"},
                      Millis(0), "place");
  FeedQuery query;
  query.follow = true;
  query.since = Time();
  must(reader.begin(query, Deadline(Millis(1000))).has_value(), "a reader begins");
  for (;;) {
    const auto signals = reader.do_next(Millis(0));
    must(signals.has_value(), "a reader goes on");
    if (signals->empty()) break;
    for (const auto& signal : *signals) {
      const auto of = signal["service"].as_string() + "." + signal["revision"].as_string() + ".";
      must(std::ranges::any_of(keys, [&](const std::string& key) { return key.starts_with(of); }),
           "a signal is about the set of its key");
      must(parse_rfc3339(signal["received"].view()).has_value(), "the feed says when it came");
      const auto again = normal_signal(signal);
      must(again && again->canonical() == signal.canonical(), "a signal that was read is whole");
    }
  }
}

void check_messages(std::string_view text) {
  Script script(text);
  std::deque<Delivery> wanted;
  std::string frames;
  while (!script.empty()) wanted.push_back(message(script, frames));
  const auto got = deliveries_of(frames);
  must(std::ranges::equal(got, wanted,
                          [](const Delivery& a, const Delivery& b) {
                            return a.consumer == b.consumer && a.routing_key == b.routing_key &&
                                   a.tag == b.tag && a.offset == b.offset &&
                                   a.stamped == b.stamped && a.type == b.type && a.body == b.body;
                          }),
       "each message comes as it was sent");
  read_signals(got);
}

}  // namespace

/// What a broker sends. The first byte says how the rest is taken: `r` as raw frames, `m` as
/// messages of which frames are made, `b` as a routing key, a line break and a body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  if (data[0] == 'r') {
    const auto got = deliveries_of(text);
    std::size_t bytes = 0;
    for (const auto& delivery : got) bytes += delivery.body.size();
    must(bytes <= text.size(), "no more is kept than was sent");
    read_signals(got);
  } else if (data[0] == 'm') {
    check_messages(text);
  } else if (data[0] == 'b') {
    Delivery delivery;
    delivery.routing_key = take_until(text, '\n');
    delivery.tag = 1;
    delivery.offset = 7;
    delivery.body = text;
    read_signals({std::move(delivery)});
  }
  return 0;
}
