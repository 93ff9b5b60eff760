#pragma once

#include "plugins/forges/key_rows.hpp"

namespace cdctl::launchpad {

/// The keys of [launchpad].
inline constexpr auto k_keys = forges::key_rows<"launchpad">({
    .meaning = "Proposals are merge proposals of Launchpad",
    .in_common = "What all targets on Launchpad have in common",
    .repository = "\"~team/thumbs/+git/thumbs\"",
    .repository_meaning = "The unique name of the git repository, or of the Breezy branch, there",
    .reviewers = "[\"alice\", \"~thumbs-reviewers\"]",
    .reviewers_otherwise = "whom Launchpad trusts to review for the target",
    .reviewers_meaning = "Whose votes count: people, and teams behind a ~",
    .api = "\"https://api.launchpad.net/devel\"",
    .api_meaning = "The web service, where the host of the repository is not Launchpad's",
    .token_env = "\"LAUNCHPAD_TOKEN\"",
    .token_command = "[\"pass\", \"launchpad\"]",
});

}  // namespace cdctl::launchpad
