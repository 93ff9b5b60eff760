#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/host.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"

namespace cdctl::rabbit {

/// The exchange that signals are published to, and the stream that keeps them.
constexpr const char* k_signals = "cdctl.signals";
constexpr const char* k_signals_log = "cdctl.signals.log";

/// What the broker of `[rabbit]` itself is called; the others have their own names,
/// `[rabbit.brokers.NAME]`.
constexpr const char* k_default_broker = "default";

/// One broker of cdctl.toml, checked, with the password read.
struct BrokerSettings {
  std::string broker = k_default_broker;
  /// `http://host:port[/prefix]`, no trailing slash: of each node that has one, at least one.
  std::vector<std::string> managements;
  AmqpAddress amqp;  ///< for the operator's user
  std::string user, password;
  std::string ca_file;
  FeedShape feed;
  /// What rabbitmq.conf says of consumer_timeout: the management API does not tell it. 0 = none.
  Millis consumer_timeout = std::chrono::minutes(30);
  /// Whose signals may speak for every set: our own user, and those that `operators` names.
  std::vector<std::string> operators;

  /// A worker's AMQP URL. Holds the secret: for the unit's environment only.
  [[nodiscard]] std::string worker_url(const std::string& set_user, std::string_view secret) const;
  /// What a unit needs to connect: `AMQP_URL`; of a cluster `AMQP_NODES`, without credentials; and
  /// `AMQP_CA_FILE` where a private authority has signed.
  [[nodiscard]] std::map<std::string, std::string> worker_env(const std::string& set_user,
                                                              std::string_view secret) const;
};

/// The brokers that cdctl.toml names, the default one first.
[[nodiscard]] std::vector<std::string> broker_names(const Config& config);
/// Exit code `config`, naming the file and the key, when the table is missing or wrong.
[[nodiscard]] Result<BrokerSettings> read_settings(const Config& config,
                                                   const std::string& broker = k_default_broker);

/// Where a service lives.
struct BrokerPlace {
  std::string broker = k_default_broker;
  std::string vhost;  ///< empty = the broker's own
  auto operator<=>(const BrokerPlace&) const = default;
};
/// `broker` and `vhost` of a service's `[rabbit]` table. Exit code `config` when cdctl.toml names
/// no such broker.
[[nodiscard]] Result<BrokerPlace> place_of(const Config& config, const ServiceConfig& service);

/// An address of AMQP with or without credentials: `amqps://user:password@host/%2Fvhost`. No path =
/// the vhost "/".
[[nodiscard]] Result<AmqpAddress> parse_amqp_url(std::string_view text);

}  // namespace cdctl::rabbit
