#pragma once

#include <optional>
#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// How many units a set shall have.
struct ScaleOrder {
  SetName set;
  UnitCounts units;  ///< by process; the others keep theirs. Empty: as the service's file says
  std::string why = {};
  /// Of what `want` has proposed: when, and what the units of its process were then. Where either
  /// has passed, it is left alone.
  std::optional<Time> at = {};
  std::optional<std::int64_t> from = {};
};

struct ScaleOptions {
  bool dry_run = false;
  bool even_last = false;  ///< even if less than min_live stays
};

/// Changes the wanted units of a set in place, and what the memory knows of them. Writes the
/// outcome record; false when it failed or was refused.
bool scale_set(app::Context& context, const ScaleOrder& order, const ScaleOptions& options,
               const Deadline& deadline);

}  // namespace cdctl::actions
