#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::rabbit {

/// The broker of a new configuration, and the queues of a new service, for `cdctl init`.
class RabbitSetup final : public Setup {
 public:
  explicit RabbitSetup(Host& host) : host_(host) {}
  Result<SetupText> do_interview(Dialogue& dialogue, const SetupService& service) override;

 private:
  Host& host_;
};

}  // namespace cdctl::rabbit
