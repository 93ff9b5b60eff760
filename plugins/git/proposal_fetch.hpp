#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/remote_refs.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// The branch of a target; where the reviews of its proposals are, and the notes about them, each
/// by topic behind it.
[[nodiscard]] std::string branch_ref(const TargetConfig& target);
[[nodiscard]] std::string reviews_of(const TargetConfig& target);
[[nodiscard]] std::string notes_of(const TargetConfig& target);

/// The repository of a target does not have the branch that is configured.
[[nodiscard]] Error no_branch(const TargetConfig& target);

/// All that is read of these targets, as patterns.
[[nodiscard]] Result<std::vector<std::string>> wanted_refs(
    std::span<const TargetConfig* const> targets);

/// Brings all of it into the workshop, by one fetch. Where that fails or takes too long the
/// branches of the targets are fetched, and then the proposals in halves, down to those that cannot
/// be had: these are given, by their refs and with the reason, and none of their refs is left in
/// the workshop. `listed`: what there is.
[[nodiscard]] Result<std::map<std::string, std::string>> fetch_proposals(
    const Workshop& workshop, std::span<const TargetConfig* const> targets,
    const RemoteRefs& listed, const Deadline& deadline);

}  // namespace cdctl::git
