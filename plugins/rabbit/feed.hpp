#pragma once

#include <cdctl/roles.hpp>

#include "settings.hpp"

namespace cdctl::rabbit {

/// Signals over RabbitMQ: a topic exchange that every set's user may publish its own signals to, and a stream that keeps
/// them for readers that come later.
class RabbitFeed final : public Feed {
 public:
  explicit RabbitFeed(Host& host) : host_(host), settings_(host) {}

  /// A worker needs no configuration: with AMQP_URL and CDCTL_SET in the environment its own user sends.
  Result<> send(std::span<const Json> signals, const Deadline& deadline) override;
  Result<std::unique_ptr<FeedReader>> open(const FeedQuery& query, const Deadline& deadline) override;

 private:
  Host& host_;
  LazySettings settings_;
};

}  // namespace cdctl::rabbit
