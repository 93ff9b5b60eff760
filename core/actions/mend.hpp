#pragma once

#include <string>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

struct MendOptions {
  bool dry_run = false;
  bool thaw = false;     ///< frozen units go on, and are not restarted
  std::string why = {};  ///< the reason, for the outcome: the memory keeps that of the cut
};

/// The inverse of a cut: memory, engine, then the broker's limit. Every step is repeated on a
/// second run, so that one that was killed in between is completed. Writes the outcome record;
/// false when it failed or was refused.
bool mend_set(app::Context& context, const SetName& set, const MendOptions& options,
              const Deadline& deadline);

}  // namespace cdctl::actions
