#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/roles.hpp>

#include "plugins/juju/world/memory.hpp"

// Juju's switch "the world". Cut: relations to other models are suspended where they are offered,
// those inside a shared model removed, applications unexposed, on Kubernetes scaled to 0 when that
// is asked for. What has to be brought back is remembered, and read back, before anything is taken
// away; done is what Juju then shows as done, and nothing else.

namespace cdctl::juju {

/// Repeatable: the second time changes nothing. `why` is shown by Juju beside a suspended relation.
/// Details: how many were suspended, removed, unexposed, scaled; `"nothing":true` when nothing
/// joins the set to the world. Exit code `unknown` when it could not be read what is cut, `timeout`
/// when something is not cut at the deadline, `refused` when this user lacks a right for it, and
/// `failed` when all is cut but that.
[[nodiscard]] Result<Step> cut_world(const WorldSet& set, std::string_view why,
                                     const Deadline& deadline);

/// Brings back what cuts took away, exactly, and forgets it. Relations that somebody suspended by
/// hand stay (details: `left`); those whose other end is gone stay away (details: `lost`).
[[nodiscard]] Result<Step> mend_world(const WorldSet& set, const Deadline& deadline);

struct World {
  bool cut = false;  ///< something was cut and nothing is open
  Json details;      ///< for inspect
};
[[nodiscard]] Result<World> read_world(const WorldSet& set, const Deadline& deadline);

/// Whether a cut is in force: what is deployed meanwhile must not open it.
[[nodiscard]] Result<Remembered> remembered_cut(const WorldSet& set, const Deadline& deadline);

}  // namespace cdctl::juju
