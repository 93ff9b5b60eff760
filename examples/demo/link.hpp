#pragma once

#include <sys/time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

// What the demo's worker and producer share: a connection, a ledger, a clock.

namespace demo {

/// Milliseconds since 1970.
[[nodiscard]] std::int64_t now_ms();
[[nodiscard]] timeval to_timeval(std::chrono::milliseconds time);
[[nodiscard]] inline amqp_bytes_t bytes(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
[[nodiscard]] inline std::string text(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

/// One AMQP connection with channel 1 open. Every wait in it ends after at most 10 s.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { close(); }

  /// Opens the connection that `url` names, shown to operators as `name`. The error is empty when
  /// it worked.
  [[nodiscard]] std::string open(const std::string& url, const std::string& name);
  [[nodiscard]] std::string open_channel(amqp_channel_t channel);
  void close();
  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
  [[nodiscard]] amqp_connection_state_t get() const { return connection_; }
  /// As whom: what a signal says of its sender, and the broker checks.
  [[nodiscard]] const std::string& user() const { return user_; }
  /// The error of the last call that waited for an answer; empty when it worked.
  [[nodiscard]] std::string check(std::string_view what) const;

 private:
  amqp_connection_state_t connection_ = nullptr;
  std::string user_;
};

/// A file of lines `EVENT MS WORDS…`, shared by many processes: each line is one appending write.
class Ledger {
 public:
  /// Ends the program when `path` cannot be opened: without a ledger nothing could be proven.
  explicit Ledger(const std::string& path);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();
  void note(std::string_view event, std::string_view words);

 private:
  int fd_ = -1;
};

/// Whether SIGTERM or SIGINT asked us to finish, after catch_stop().
void catch_stop();
[[nodiscard]] bool stop_requested();

/// An environment variable, or `otherwise`.
[[nodiscard]] std::string environment(const char* name, const char* otherwise = "");

}  // namespace demo
