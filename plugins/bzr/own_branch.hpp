#pragma once

#include <string>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/bzr_address.hpp"

namespace cdctl::bzr {

/// That what is at a place is a branch of its own. brz follows references and symbolic links, and
/// what is done to such a place, a removal included, is done to the branch that they lead to; a
/// stacked branch shows what another holds, and to a bound one is pushed what goes to its master.
/// Exit code `refused`; nothing there is no error. A server follows links of its disk by itself:
/// over a network those cannot be seen.
[[nodiscard]] Result<> check_own_branch(const Address& place, const Deadline& deadline);

/// Whether a place is where a target has its trunk or its reviews: never a proposal.
[[nodiscard]] bool is_a_targets(const Host& host, const TargetConfig& target, const Address& place);

/// Removes a branch of its own that is at this revision; nothing else, and that one only. Whether
/// it was there.
[[nodiscard]] Result<bool> remove_own_branch(const Address& place, const std::string& head,
                                             const Deadline& deadline);

}  // namespace cdctl::bzr
