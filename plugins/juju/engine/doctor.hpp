#pragma once

#include <string>
#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/juju/client/call.hpp"

namespace cdctl::juju {

/// Looks at what a service with `engine = "juju"` needs: the client, its data, the controller, the
/// rights there, and whether what a cut has to suspend can be seen. No checks when neither a
/// service nor `[juju]` asks for Juju. One question to the controller takes at most 5 s.
class JujuDoctor final : public Doctor {
 public:
  explicit JujuDoctor(Host& host) : host_(host) {}
  [[nodiscard]] std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
};

/// Whether this client can ask that controller for its status (versions of the API facade
/// `Client`).
[[nodiscard]] bool versions_fit(ClientVersion client, ClientVersion controller);

/// The entry of `juju controllers` that is meant: `wanted`, else the one that Juju has chosen.
[[nodiscard]] std::vector<Check> check_controller(const Json& controllers,
                                                  const std::string& wanted, ClientVersion client,
                                                  bool makes_models);

}  // namespace cdctl::juju
