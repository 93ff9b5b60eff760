#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "plugins/juju/client/call.hpp"

namespace cdctl::juju {

/// What follows `deploy CHARM NAME` so that the application is what the bundle says: channel,
/// revision, constraints, units, base or series as the client takes it, resources, storage,
/// bindings, trust. Placement is not among it: the machines of a bundle are its own. Exit code
/// `config` for what cannot be an argument.
[[nodiscard]] Result<std::vector<std::string>> deploy_words(const std::string& name,
                                                            const Json& application,
                                                            const Json& bundle,
                                                            ClientVersion client);

/// A relation of the bundle that the application takes part in.
struct WantedRelation {
  std::string endpoint;  ///< ours; empty = Juju finds it
  std::string other;     ///< `APPLICATION[:ENDPOINT]`, or the alias of an offer
  [[nodiscard]] std::string other_application() const { return other.substr(0, other.find(':')); }
};
[[nodiscard]] Result<std::vector<WantedRelation>> wanted_relations(const Json& bundle,
                                                                   std::string_view application);

}  // namespace cdctl::juju
