#pragma once

#include <cdctl/time.hpp>

#include "core/actions/deploy_order.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

struct DeployOptions {
  bool dry_run = false;
  bool even_bad = false;   ///< also a revision that was cut
  bool even_held = false;  ///< also while deploys of the service are held
};

/// One deploy from the claim to the started units. Writes the outcome record; false when it failed
/// or was refused.
bool deploy_set(app::Context& context, const DeployOrder& order, const DeployOptions& options,
                const Deadline& deadline);

}  // namespace cdctl::actions
