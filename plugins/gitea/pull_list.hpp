#pragma once

#include <span>
#include <vector>

#include <cdctl/proposal.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/gitea/gitea_repository.hpp"

namespace cdctl::gitea {

/// The open pull requests of targets in one repository, answers in the order asked, the oldest
/// first. Either all of a target's, with all that was said of each, or an error.
[[nodiscard]] std::vector<Result<std::vector<Proposal>>> list_pulls(
    GiteaRepository& repository, std::span<const TargetConfig* const> targets,
    const Deadline& deadline);

/// What a review says; empty where it is no vote.
[[nodiscard]] std::string vote_of(const Json& review);
/// The hidden line of a review that keeps the vote, where Gitea has no word for it.
[[nodiscard]] std::string vote_line(std::string_view vote);

}  // namespace cdctl::gitea
