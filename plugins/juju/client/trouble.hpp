#pragma once

#include <string_view>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>

namespace cdctl::juju {

/// Why a run of juju gave no answer, as far as its words tell.
enum class Trouble {
  gone,  ///< "not found": gone, never there, or not this user's; never a proof that a model is gone
  not_allowed,  ///< not logged in, or without the right
  config,       ///< no such controller on this machine, or none chosen
  unreachable,  ///< nobody answered, in time or at all
  local,        ///< juju's own lock files
  exists,
  blocked,      ///< a disabled command, storage that is still there
  version,      ///< this client and that controller do not fit
  garbled,      ///< it ended well and its answer cannot be used
  interrupted,  ///< we were asked to stop
  other,
};

/// The class of a run that failed, from its stderr; stdout is no answer then, `{}` least of all.
[[nodiscard]] Trouble classify(const Finished& finished);
/// Whether the same question may be asked again a moment later: locks, lost connections. Not for
/// what changes anything.
[[nodiscard]] bool worth_repeating(const Finished& finished);
/// One line: what was attempted, juju's own reason, what to do. Exit code `unknown` for whatever
/// could not be asked.
[[nodiscard]] Error explain(const Finished& finished, std::string_view attempt);

}  // namespace cdctl::juju
