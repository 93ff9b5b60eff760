#pragma once

#include <optional>

#include <cdctl/time.hpp>

#include "core/actions/deploy_order.hpp"
#include "core/app/context.hpp"

namespace cdctl::actions {

struct DeployOptions {
  bool dry_run = false;
  bool even_bad = false;              ///< also a revision that was cut
  bool even_held = false;             ///< also while deploys of the service are held
  bool wait = false;                  ///< for people: until it serves
  std::optional<Millis> settle = {};  ///< how long its units must have been up then
};

/// One deploy from the claim to the started units, or with `wait` until they serve. Writes the
/// outcome record; false when it failed or was refused, or the wait did not see it serve. One that
/// was interrupted or over is no failed deploy: the record tells it apart, in `wait`.
bool deploy_set(app::Context& context, const DeployOrder& order, const DeployOptions& options,
                const Deadline& deadline);

}  // namespace cdctl::actions
