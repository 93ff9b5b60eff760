#pragma once

#include <optional>
#include <string>

#include <cdctl/host.hpp>

#include "amqp.hpp"

namespace cdctl::rabbit {

/// The exchange that signals are published to, and the stream that keeps them.
constexpr const char* k_signals = "cdctl.signals";
constexpr const char* k_signals_log = "cdctl.signals.log";

/// `[rabbit]` of cdctl.toml, checked, with the password read.
struct Settings {
  std::string management;         ///< `http://host:port[/prefix]`, no trailing slash
  AmqpAddress amqp;               ///< for the operator's user
  std::string user, password;
  std::string ca_file;
  FeedShape feed;

  /// A worker's AMQP URL. Holds the secret: for the unit's environment only.
  [[nodiscard]] std::string worker_url(const std::string& set_user, std::string_view secret) const;
};

/// Exit code `config`, naming the file and the key, when the table is missing or wrong.
[[nodiscard]] Result<Settings> read_settings(const Config& config);

/// An address of AMQP with or without credentials: `amqps://user:password@host/%2Fvhost`. No path = the vhost "/".
[[nodiscard]] Result<AmqpAddress> parse_amqp_url(std::string_view text);

/// The settings, read at the first use: a worker that sends signals has none.
class LazySettings {
 public:
  explicit LazySettings(const Host& host) : host_(host) {}
  [[nodiscard]] Result<const Settings*> get();

 private:
  const Host& host_;
  std::optional<Settings> settings_;
};

}  // namespace cdctl::rabbit
