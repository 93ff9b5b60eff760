#include "plugins/rabbit/amqp/frames.hpp"

#include <algorithm>
#include <span>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

/// What the bodies of deliveries may hold that came while something else was waited for.
constexpr std::size_t k_most_ready = 8u << 20;

timeval timeval_of(Millis left) {
  left = std::max(left, Millis(1));
  return {static_cast<time_t>(left.count() / 1000),
          static_cast<suseconds_t>(left.count() % 1000 * 1000)};
}

/// Of an offset, and of a time in milliseconds: what is beyond it is none.
constexpr std::int64_t k_highest = 1'000'000'000'000'000;

/// A header of a message as a number, whatever integer type it has.
std::optional<std::int64_t> header_number(const amqp_table_t& headers, std::string_view key) {
  for (int i = 0; i < headers.num_entries; ++i) {
    const auto& entry = headers.entries[i];
    if (text_of(entry.key) != key) continue;
    switch (entry.value.kind) {
      case AMQP_FIELD_KIND_I64:
        return entry.value.value.i64;
      case AMQP_FIELD_KIND_TIMESTAMP:
      case AMQP_FIELD_KIND_U64:
        return static_cast<std::int64_t>(entry.value.value.u64);
      case AMQP_FIELD_KIND_I32:
        return entry.value.value.i32;
      case AMQP_FIELD_KIND_U32:
        return entry.value.value.u32;
      case AMQP_FIELD_KIND_I16:
        return entry.value.value.i16;
      case AMQP_FIELD_KIND_I8:
        return entry.value.value.i8;
      default:
        return {};
    }
  }
  return {};
}

/// Whether a queue gave the message up and its broker published it again. A stream keeps of the
/// headers only what is a single value: not `x-death`, which is a list, but who was the first.
bool was_dead(const amqp_table_t& headers) {
  const std::span entries(headers.entries, static_cast<std::size_t>(headers.num_entries));
  return std::ranges::any_of(entries, [](const amqp_table_entry_t& entry) {
    const auto key = text_of(entry.key);
    return key == "x-death" || key.starts_with("x-first-death-") ||
           key.starts_with("x-last-death-");
  });
}

/// Has the handshake refuse a certificate that is not of this IP address. False when `host` is a
/// name.
bool expect_address(amqp_socket_t* socket, const std::string& host) {
  auto* const context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
  return context && X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), host.c_str()) == 1;
}

}  // namespace

Frames::~Frames() {
  if (!state_) return;
  close(Millis(200));
  amqp_destroy_connection(state_);
}

Error Frames::lost(int status) const {
  if (status == AMQP_STATUS_TIMEOUT)
    return {ExitCode::timeout, fmt::format("{}: no answer before the deadline", where_)};
  return {ExitCode::unknown,
          fmt::format("{}: connection lost: {}", where_, amqp_error_string2(status))};
}

Result<Frames::Got> Frames::next_frame(amqp_frame_t& frame, const Deadline& deadline) {
  amqp_maybe_release_buffers(
      state_);  // whatever the frame before pointed to was copied or is done with
  for (;;) {
    const timeval none{0, 0};
    const int status = amqp_simple_wait_frame_noblock(state_, &frame, &none);
    if (status == AMQP_STATUS_OK) return Got::frame;
    if (status != AMQP_STATUS_TIMEOUT) {
      logged_in_ = false;
      return fail(lost(status));
    }
    if (Stop::requested()) return Got::stopped;
    if (deadline.passed()) return Got::nothing;
    pollfd fds[2] = {{amqp_get_sockfd(state_), POLLIN, 0}, {Stop::fd(), POLLIN, 0}};
    // Woken up at least every few seconds, so that librabbitmq sends its heartbeats.
    (void)::poll(fds, 2,
                 static_cast<int>(std::min(deadline.left(), Millis(heartbeat_s_ * 250)).count()));
  }
}

Error Frames::closing(const amqp_method_t& method) {
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<amqp_connection_close_t*>(method.decoded);
    closed_ =
        Closed{.connection = true, .code = close.reply_code, .text = text_of(close.reply_text)};
    amqp_connection_close_ok_t ok{};
    (void)amqp_send_method(state_, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    logged_in_ = false;
  } else {
    const auto& close = *static_cast<amqp_channel_close_t*>(method.decoded);
    closed_ =
        Closed{.connection = false, .code = close.reply_code, .text = text_of(close.reply_text)};
    amqp_channel_close_ok_t ok{};
    (void)amqp_send_method(state_, k_channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
  }
  // 403, 404 and the like are answers; a connection that the broker closed is the lack of one.
  // "Down or inaccessible" comes as a 404 too, from a broker that has not brought the queue up yet.
  closed_->down = closed_->text.contains("down or inaccessible");
  const bool answered = !closed_->connection && closed_->code < 500 && !closed_->down;
  return {
      answered ? ExitCode::failed : ExitCode::unknown,
      fmt::format("{}: the broker said: {} {}", where_, closed_->code, printable(closed_->text))};
}

void Frames::finish_body() {
  if (body_left_ != 0) return;
  if (partial_ && !skipping_) {
    ready_bytes_ += partial_->body.size();
    ready_.push_back(std::move(*partial_));
  }
  partial_.reset();
  skipping_ = false;
}

void Frames::take_header(const amqp_frame_t& frame) {
  body_left_ = frame.payload.properties.body_size;
  if (partial_) {
    const auto& properties =
        *static_cast<amqp_basic_properties_t*>(frame.payload.properties.decoded);
    if (properties._flags & AMQP_BASIC_TYPE_FLAG) partial_->type = text_of(properties.type);
    if (properties._flags & AMQP_BASIC_USER_ID_FLAG) partial_->user = text_of(properties.user_id);
    if (properties._flags & AMQP_BASIC_HEADERS_FLAG) {
      partial_->dead = was_dead(properties.headers);
      const auto offset = header_number(properties.headers, "x-stream-offset");
      if (offset && *offset >= 0 && *offset <= k_highest) partial_->offset = *offset;
      const auto ms = header_number(properties.headers, "timestamp_in_ms");
      if (ms && *ms >= 0 && *ms <= k_highest) partial_->stamped = Time(Millis(*ms));
    }
    partial_->size = body_left_;
    // Decided by what is announced, before a byte of it is kept. A lone one always has room.
    keeping_ = body_left_ <= k_longest_message &&
               (ready_.empty() || body_left_ <= k_most_ready - ready_bytes_);
    if (keeping_) partial_->body.reserve(body_left_);
  }
  finish_body();
}

Result<std::optional<amqp_method_t>> Frames::digest(const amqp_frame_t& frame) {
  if (frame.frame_type == AMQP_FRAME_HEADER) {
    take_header(frame);
    return std::nullopt;
  }
  if (frame.frame_type == AMQP_FRAME_BODY) {
    const auto& fragment = frame.payload.body_fragment;
    const auto length = std::min<std::uint64_t>(body_left_, fragment.len);
    if (partial_ && keeping_)
      partial_->body.append(static_cast<const char*>(fragment.bytes), length);
    body_left_ -= length;
    finish_body();
    return std::nullopt;
  }
  if (frame.frame_type != AMQP_FRAME_METHOD) return std::nullopt;
  const auto& method = frame.payload.method;
  switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = *static_cast<amqp_basic_deliver_t*>(method.decoded);
      partial_ = Delivery{};
      partial_->consumer = text_of(deliver.consumer_tag);
      partial_->routing_key = text_of(deliver.routing_key);
      partial_->exchange = text_of(deliver.exchange);
      partial_->tag = deliver.delivery_tag;
      return std::nullopt;
    }
    case AMQP_BASIC_RETURN_METHOD:
      returned_ = skipping_ = true;
      return std::nullopt;
    case AMQP_CONNECTION_BLOCKED_METHOD:
      blocked_ = true;
      return std::nullopt;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      blocked_ = false;
      return std::nullopt;
    case AMQP_CONNECTION_CLOSE_METHOD:
    case AMQP_CHANNEL_CLOSE_METHOD:
      return fail(closing(method));
    case AMQP_BASIC_CANCEL_METHOD:
      return fail(ExitCode::unknown,
                  fmt::format("{}: the broker ended the consumer; was its queue deleted?", where_));
    default:
      return method;
  }
}

Result<std::optional<amqp_method_t>> Frames::next_method(const Deadline& deadline) {
  for (;;) {
    amqp_frame_t frame{};
    CDCTL_TRY_ASSIGN(const auto got, next_frame(frame, deadline));
    if (got == Got::stopped)
      return fail(ExitCode::interrupted, fmt::format("{}: interrupted", where_));
    if (got == Got::nothing) return std::nullopt;
    CDCTL_TRY_ASSIGN(auto method, digest(frame));
    if (method) return method;
  }
}

Result<amqp_method_t> Frames::await(amqp_method_number_t reply, const Deadline& deadline) {
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto method, next_method(deadline));
    if (!method) {
      const auto why = blocked_ ? "the broker blocks publishers (a memory or disk alarm is on)"
                                : "no answer within " + deadline.given();
      return fail(ExitCode::timeout, fmt::format("{}: {}", where_, why));
    }
    if (method->id == reply) return *method;
  }
}

Result<std::optional<Delivery>> Frames::take_delivery(const Deadline& deadline) {
  while (ready_.empty()) {
    amqp_frame_t frame{};
    CDCTL_TRY_ASSIGN(const auto got, next_frame(frame, deadline));
    if (got != Got::frame) return std::nullopt;
    CDCTL_TRY(digest(frame));
  }
  auto delivery = std::move(ready_.front());
  ready_.pop_front();
  ready_bytes_ -= delivery.body.size();
  return std::optional(std::move(delivery));
}

Result<> Frames::send(amqp_method_number_t id, void* method) {
  const int status = amqp_send_method(state_, k_channel, id, method);
  if (status != AMQP_STATUS_OK) return fail(hung_up(status));
  return {};
}

Error Frames::hung_up(int status) {
  for (;;) {
    amqp_frame_t frame{};
    const timeval none{0, 0};
    if (amqp_simple_wait_frame_noblock(state_, &frame, &none) != AMQP_STATUS_OK) break;
    if (const auto told = digest(frame); !told) return told.error();
  }
  logged_in_ = false;
  return lost(status);
}

Result<> Frames::publish(const Publication& message) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                      AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG |
                      AMQP_BASIC_USER_ID_FLAG;
  properties.user_id = bytes_of(user_);
  properties.content_type = bytes_of(message.content_type);
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.message_id = bytes_of(message.message_id);
  properties.timestamp = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count());
  if (!message.type.empty()) {
    properties._flags |= AMQP_BASIC_TYPE_FLAG;
    properties.type = bytes_of(message.type);
  }
  const int status = amqp_basic_publish(state_, k_channel, bytes_of(message.exchange),
                                        bytes_of(message.routing_key), /*mandatory=*/1,
                                        /*immediate=*/0, &properties, bytes_of(message.body));
  if (status != AMQP_STATUS_OK) return fail(hung_up(status));
  return {};
}

Result<> Frames::open(const AmqpAddress& address, int heartbeat_s, const Deadline& deadline) {
  where_ = address.shown();
  user_ = address.user;
  heartbeat_s_ = heartbeat_s;
  state_ = amqp_new_connection();
  if (!state_) return fail(ExitCode::unknown, "no memory for a connection");
  amqp_socket_t* socket = address.tls ? amqp_ssl_socket_new(state_) : amqp_tcp_socket_new(state_);
  if (!socket) return fail(ExitCode::unknown, fmt::format("{}: no socket", where_));
  if (address.tls) {
    const auto ca = address.ca_file.empty() ? std::string("/etc/ssl/certs/ca-certificates.crt")
                                            : address.ca_file;
    if (const int status = amqp_ssl_socket_set_cacert(socket, ca.c_str());
        status != AMQP_STATUS_OK) {
      return fail(ExitCode::config, fmt::format("{}: reading the CA file {}: {}", where_, ca,
                                                amqp_error_string2(status)));
    }
    amqp_ssl_socket_set_verify_peer(socket, 1);
    // librabbitmq looks for the name of a host alone; OpenSSL knows addresses in certificates, too.
    const bool by_address = expect_address(socket, address.host);
    amqp_ssl_socket_set_verify_hostname(socket, by_address ? 0 : 1);
  }
  const auto left = timeval_of(deadline.left());
  if (const int status =
          amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &left);
      status != AMQP_STATUS_OK) {
    if (status == AMQP_STATUS_TIMEOUT)
      return fail(ExitCode::timeout,
                  fmt::format("{}: no connection within {}", where_, deadline.given()));
    return fail(ExitCode::unknown,
                fmt::format("{}: no connection: {}; does the broker listen there?", where_,
                            amqp_error_string2(status)));
  }
  CDCTL_TRY(login(address, deadline));
  return open_channel(deadline);
}

Result<> Frames::login(const AmqpAddress& address, const Deadline& deadline) {
  const auto left = timeval_of(deadline.left());
  amqp_set_handshake_timeout(state_, &left);
  amqp_table_entry_t name{};
  name.key = bytes_of("connection_name");
  name.value.kind = AMQP_FIELD_KIND_UTF8;
  name.value.value.bytes = bytes_of(address.name);
  const amqp_table_t properties{1, &name};
  const auto reply = amqp_login_with_properties(state_, address.vhost.c_str(), 0, 131072,
                                                heartbeat_s_, &properties, AMQP_SASL_METHOD_PLAIN,
                                                address.user.c_str(), address.password.c_str());
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
    logged_in_ = true;
    return {};
  }
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) return fail(lost(reply.library_error));
  if (reply.reply.id != AMQP_CONNECTION_CLOSE_METHOD)
    return fail(ExitCode::unknown, fmt::format("{}: login failed", where_));
  const auto& close = *static_cast<amqp_connection_close_t*>(reply.reply.decoded);
  return fail(ExitCode::unknown, fmt::format("{}: logging in as {}: the broker said: {} {}", where_,
                                             printable(address.user, 80), close.reply_code,
                                             printable(text_of(close.reply_text))));
}

Result<> Frames::open_channel(const Deadline& deadline) {
  closed_.reset();
  amqp_channel_open_t open{};
  CDCTL_TRY(send(AMQP_CHANNEL_OPEN_METHOD, &open));
  CDCTL_TRY(await(AMQP_CHANNEL_OPEN_OK_METHOD, deadline));
  return {};
}

bool Frames::await_close_ok(amqp_method_number_t reply, Millis wait) {
  const Deadline deadline(wait);
  while (!deadline.passed()) {
    amqp_frame_t frame{};
    const auto left = timeval_of(deadline.left());
    if (amqp_simple_wait_frame_noblock(state_, &frame, &left) != AMQP_STATUS_OK) return false;
    if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == reply) return true;
  }
  return false;
}

bool Frames::send_close() {
  logged_in_ = false;
  amqp_connection_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  return amqp_send_method(state_, 0, AMQP_CONNECTION_CLOSE_METHOD, &close) == AMQP_STATUS_OK;
}

void Frames::close(Millis wait) {
  // Waiting for the answer keeps the broker's log free of lost connections.
  if (logged_in_ && send_close()) (void)await_close_ok(AMQP_CONNECTION_CLOSE_OK_METHOD, wait);
}

void Frames::leave(Millis wait) {
  if (!logged_in_) return;
  amqp_channel_close_t close{};
  close.reply_code = AMQP_REPLY_SUCCESS;
  // Without a channel the broker is done with us at the connection's close itself, and misses
  // nobody who hung up meanwhile.
  if (send(AMQP_CHANNEL_CLOSE_METHOD, &close) && await_close_ok(AMQP_CHANNEL_CLOSE_OK_METHOD, wait))
    (void)send_close();
}

}  // namespace cdctl::rabbit
