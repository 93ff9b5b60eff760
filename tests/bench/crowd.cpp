// bench-crowd fill QUEUE COUNT BYTES            publishes that many messages and ends when they are
// confirmed bench-crowd work QUEUE COUNT PREFETCH LEDGER  holds COUNT connections with
// unacknowledged messages; a line `closed US` for each that
//                                               the broker ends, `ready US` when all consume; ends
//                                               with the last of them, or on SIGTERM
// bench-crowd wait QUEUE COUNT EVERY_MS LEDGER  ends when that many messages are ready in the
// queue, with a line `back US` bench-crowd hang QUEUE COUNT PREFETCH LEDGER  the same, but stops
// itself (SIGSTOP) before it reads any delivery
//
// $AMQP_URL says where and as whom. Receive buffers are small, so that a client that hangs soon has
// the broker's send buffer full.

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "link.hpp"

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

namespace {

constexpr int k_buffer = 4096;
constexpr std::size_t k_window = 500;  ///< confirms are waited for after so many

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "bench-crowd: %s\n", what);
  std::exit(1);
}

void note(int ledger, const char* event) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  char line[64];
  const int size = std::snprintf(line, sizeof line, "%s %lld\n", event,
                                 static_cast<long long>(now.tv_sec) * 1000000 + now.tv_nsec / 1000);
  if (::write(ledger, line, static_cast<std::size_t>(size)) != size)
    die("cannot write to the ledger");
}

/// A connected socket with a small receive buffer, which must be set before it connects.
int socket_to(const amqp_connection_info& where) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(where.host, std::to_string(where.port).c_str(), &hints, &found) != 0)
    die("no such host");
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &k_buffer, sizeof k_buffer);
  if (fd < 0 || ::connect(fd, found->ai_addr, found->ai_addrlen) != 0) die("cannot connect");
  ::freeaddrinfo(found);
  return fd;
}

amqp_connection_state_t connect(const amqp_connection_info& where) {
  auto* connection = amqp_new_connection();
  auto* socket = amqp_tcp_socket_new(connection);
  amqp_tcp_socket_set_sockfd(socket, socket_to(where));
  const auto reply = amqp_login(connection, where.vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0,
                                AMQP_SASL_METHOD_PLAIN, where.user, where.password);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) die("cannot log in");
  if (!amqp_channel_open(connection, 1)) die("cannot open a channel");
  return connection;
}

/// Subscribes without waiting for the answer: it would come behind deliveries that nobody reads.
void consume(amqp_connection_state_t connection, const char* queue, std::uint16_t prefetch) {
  if (!amqp_basic_qos(connection, 1, 0, prefetch, 0)) die("cannot set the prefetch");
  amqp_basic_consume_t wanted{};
  wanted.queue = amqp_cstring_bytes(queue);
  wanted.nowait = 1;
  wanted.consumer_tag = amqp_cstring_bytes("crowd");
  if (amqp_send_method(connection, 1, AMQP_BASIC_CONSUME_METHOD, &wanted) != AMQP_STATUS_OK)
    die("cannot consume");
}

int fill(const amqp_connection_info& where, const char* queue, std::size_t count,
         std::size_t bytes) {
  auto* connection = connect(where);
  if (!amqp_confirm_select(connection, 1)) die("cannot select confirms");
  const std::string body(bytes, 'x');
  for (std::size_t sent = 0, confirmed = 0; confirmed < count;) {
    for (; sent < count && sent - confirmed < k_window; ++sent)
      if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0,
                             nullptr, demo::bytes(body)) != AMQP_STATUS_OK)
        die("cannot publish");
    amqp_frame_t frame;
    const timeval patience{60, 0};
    if (amqp_simple_wait_frame_noblock(connection, &frame, &patience) != AMQP_STATUS_OK)
      die("no confirm");
    if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD)
      confirmed = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded)->delivery_tag;
    amqp_maybe_release_buffers(connection);
  }
  return 0;
}

/// Asks the queue itself, which costs the broker far less than a look over its management API.
int wait_for(const amqp_connection_info& where, const char* queue, std::size_t count,
             std::size_t every_ms, int ledger) {
  auto* connection = connect(where);
  for (;; ::poll(nullptr, 0, static_cast<int>(every_ms))) {
    const auto* declared =
        amqp_queue_declare(connection, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    if (!declared) die("the queue cannot be asked");
    if (declared->message_count == count) break;
    amqp_maybe_release_buffers(connection);
  }
  note(ledger, "back");
  return 0;
}

/// Reads what is there; false when the broker has ended the connection.
bool read_some(amqp_connection_state_t connection) {
  for (;;) {
    amqp_maybe_release_buffers(connection);
    amqp_envelope_t envelope;
    const timeval at_once{0, 0};
    const auto reply = amqp_consume_message(connection, &envelope, &at_once, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
      return reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
             reply.library_error == AMQP_STATUS_TIMEOUT;
    amqp_destroy_envelope(&envelope);
  }
}

int work(std::vector<amqp_connection_state_t>& crowd, int ledger) {
  std::vector<pollfd> sockets;
  for (auto* connection : crowd) sockets.push_back({amqp_get_sockfd(connection), POLLIN, 0});
  for (std::size_t open = crowd.size(); open > 0 && !demo::stop_requested();) {
    if (::poll(sockets.data(), sockets.size(), 500) <= 0) continue;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (sockets[i].fd < 0 || sockets[i].revents == 0 || read_some(crowd[i])) continue;
      note(ledger, "closed");
      ::close(std::exchange(sockets[i].fd, -1));
      --open;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0,
             amount = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0;
  if (count == 0 || amount == 0 ||
      (mode == "fill" ? argc != 5
                      : (mode != "work" && mode != "hang" && mode != "wait") || argc != 6)) {
    std::fputs(
        "usage: bench-crowd fill QUEUE COUNT BYTES | (work|hang) QUEUE COUNT PREFETCH LEDGER | "
        "wait QUEUE COUNT EVERY_MS LEDGER\n",
        stderr);
    return 2;
  }
  auto url = demo::environment("AMQP_URL");
  amqp_connection_info where;
  if (amqp_parse_url(url.data(), &where) != AMQP_STATUS_OK) die("no usable AMQP_URL");
  if (mode == "fill") return fill(where, argv[2], count, amount);
  const rlimit files{count + 64, count + 64};
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  demo::catch_stop();
  const int ledger = ::open(argv[5], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (mode == "wait") return wait_for(where, argv[2], count, amount, ledger);
  std::vector<amqp_connection_state_t> crowd;
  for (std::size_t i = 0; i < count; ++i) crowd.push_back(connect(where));
  for (auto* connection : crowd) consume(connection, argv[2], static_cast<std::uint16_t>(amount));
  note(ledger, "ready");
  if (mode == "hang") ::raise(SIGSTOP);
  return work(crowd, ledger);
}
