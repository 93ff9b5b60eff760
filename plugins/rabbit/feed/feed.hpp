#pragma once

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/brokers.hpp"
#include "plugins/rabbit/feed/merged_reader.hpp"

namespace cdctl::rabbit {

/// Signals over RabbitMQ: a topic exchange that every set's user may publish its own signals to,
/// and a stream that keeps them for readers that come later. Each virtual host that a service lives
/// on has both; they are read as one.
class RabbitFeed final : public Feed {
 public:
  explicit RabbitFeed(Host& host) : host_(host), brokers_(host) {}

  /// A worker needs no configuration: with AMQP_URL and CDCTL_SET in the environment its own user
  /// sends.
  Result<> do_send(std::span<const Json> signals, const Deadline& deadline) override;
  Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query,
                                              const Deadline& deadline) override;
  /// Of the default broker: the others are asked for the same.
  std::optional<Millis> do_keeps_for() const override;

 private:
  Result<> send_to(Management& management, std::span<const Json> signals, const Deadline& deadline);
  /// Every place with a feed: each broker's own, those of the services, and those where sets were
  /// made before their service moved.
  std::vector<BrokerPlace> places();
  void add_old_places(std::set<BrokerPlace>& places);

  Host& host_;
  Brokers brokers_;
};

}  // namespace cdctl::rabbit
