#include "link.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

namespace demo {

namespace {

volatile std::sig_atomic_t g_stop = 0;  // a signal handler can reach nothing else

constexpr int k_heartbeat_s = 10;
constexpr int k_frame_max = 131072;
constexpr std::chrono::milliseconds k_patience(10'000);

std::string reason(const amqp_rpc_reply_t& reply) {
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    return amqp_error_string2(reply.library_error);
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
    if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
      return text(static_cast<amqp_connection_close_t*>(reply.reply.decoded)->reply_text);
    }
    if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
      return text(static_cast<amqp_channel_close_t*>(reply.reply.decoded)->reply_text);
  }
  return "the connection ended";
}

}  // namespace

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

timeval to_timeval(std::chrono::milliseconds time) {
  return {time.count() / 1000, time.count() % 1000 * 1000};
}

std::string Link::check(std::string_view what) const {
  const auto reply = amqp_get_rpc_reply(connection_);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return {};
  return std::string(what) + ": " + reason(reply);
}

std::string Link::open(const std::string& url, const std::string& name) {
  close();
  std::string copy = url;  // amqp_parse_url writes into it
  amqp_connection_info info;
  amqp_default_connection_info(&info);
  if (amqp_parse_url(copy.data(), &info) != AMQP_STATUS_OK || info.ssl)
    return "AMQP_URL is no amqp:// URL";
  user_ = info.user;
  const char* vhost = info.vhost && *info.vhost ? info.vhost : "/";
  connection_ = amqp_new_connection();
  auto* socket = connection_ ? amqp_tcp_socket_new(connection_) : nullptr;
  if (!socket) return "out of memory";
  const auto patience = to_timeval(k_patience);
  if (const int status = amqp_socket_open_noblock(socket, info.host, info.port, &patience);
      status != AMQP_STATUS_OK) {
    close();
    return std::string("connect: ") + amqp_error_string2(status);
  }
  amqp_set_handshake_timeout(connection_, &patience);
  amqp_set_rpc_timeout(connection_, &patience);
  amqp_table_entry_t property;
  property.key = amqp_cstring_bytes("connection_name");
  property.value.kind = AMQP_FIELD_KIND_UTF8;
  property.value.value.bytes = bytes(name);
  const amqp_table_t properties{1, &property};
  const auto reply =
      amqp_login_with_properties(connection_, vhost, 0, k_frame_max, k_heartbeat_s, &properties,
                                 AMQP_SASL_METHOD_PLAIN, info.user, info.password);
  std::string error =
      reply.reply_type == AMQP_RESPONSE_NORMAL ? open_channel(1) : "login: " + reason(reply);
  if (!error.empty()) close();
  return error;
}

std::string Link::open_channel(amqp_channel_t channel) {
  amqp_channel_open(connection_, channel);
  return check("open channel");
}

void Link::close() {
  if (connection_) amqp_destroy_connection(connection_);
  connection_ = nullptr;
}

Ledger::Ledger(const std::string& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  if (fd_ >= 0) return;
  std::fprintf(stderr, "cannot open ledger %s: %s\n", path.c_str(), std::strerror(errno));
  std::exit(3);
}

Ledger::~Ledger() { ::close(fd_); }

void Ledger::note(std::string_view event, std::string_view words) {
  std::string line =
      std::string(event) + " " + std::to_string(now_ms()) + " " + std::string(words) + "\n";
  if (::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size())) return;
  std::fprintf(stderr, "cannot write to the ledger: %s\n", std::strerror(errno));
  std::exit(3);
}

void catch_stop() {
  struct sigaction action{};
  action.sa_handler = [](int) { g_stop = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

bool stop_requested() { return g_stop != 0; }

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

}  // namespace demo
