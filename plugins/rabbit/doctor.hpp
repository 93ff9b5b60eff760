#pragma once

#include <cdctl/roles.hpp>

#include "management.hpp"

namespace cdctl::rabbit {

/// Whether the broker is there, is one that cdctl knows, and lets this user do what cdctl does.
class RabbitDoctor final : public Doctor {
 public:
  explicit RabbitDoctor(Host& host) : management_(host) {}
  std::vector<Check> examine(const Deadline& deadline) override;

 private:
  Check clock(const Settings& us, const Deadline& deadline);
  std::vector<Check> queues(const Deadline& deadline);

  Management management_;
};

}  // namespace cdctl::rabbit
