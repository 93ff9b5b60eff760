#pragma once

#include <string>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/sets/home.hpp"

// How a deploy comes to own a set: by a lease in the tags of its model, or of the model that it
// shares. The caller holds the set's lock on this machine.

namespace cdctl::juju {

/// A deploy that wants a set.
struct LeaseRequest {
  Host& host;
  const ControllerHome& home;
  const SetName& set;
  const JujuSettings& settings;
  const std::string& claim;  ///< which deploy it is, for the tags
  const Sources& sources;
  Time deployed_at;
  const Deadline& deadline;
};

/// What it has then: the lease, or a set that lives and needs nobody.
struct Lease {
  SetStatus found;   ///< as it was before
  ModelItem model;   ///< its own, or the shared one
  bool all = false;  ///< an administrator looked
};

/// Isolation by model: makes the model where there is none, takes over what a dead deploy left and
/// what is down. Exit code `refused` for a model of that name that is not ours, and for a set
/// that is being reaped; `timeout` when another machine deploys it until the deadline.
[[nodiscard]] Result<Lease> lease_model(const LeaseRequest& request);
/// Isolation by application: the same in the tags of the shared model, which has to be there.
[[nodiscard]] Result<Lease> lease_application(const LeaseRequest& request);

}  // namespace cdctl::juju
