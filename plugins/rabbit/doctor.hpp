#pragma once

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/brokers.hpp"

namespace cdctl::rabbit {

/// Whether each broker is there, is one that cdctl knows, and lets this user do what cdctl does.
class RabbitDoctor final : public Doctor {
 public:
  explicit RabbitDoctor(Host& host) : brokers_(host) {}
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  std::vector<Check> examine_broker(const std::string& broker, const Deadline& deadline);
  Check clock(const BrokerSettings& us, const std::string& base, const Deadline& deadline);
  Check returns(Management& management, const ServiceConfig& service, const Deadline& deadline);
  Check bindings(Management& management, const Deadline& deadline);
  Check speakers(Management& management, const Deadline& deadline);
  std::vector<Check> queues(const std::string& broker, const Deadline& deadline);

  Brokers brokers_;
};

}  // namespace cdctl::rabbit
