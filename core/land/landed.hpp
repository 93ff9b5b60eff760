#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/records/candidate.hpp"

namespace cdctl::land {

/// What came to a target by a landing of this home: whose proposal it was, and which commits it
/// lies between. Kept for a year in `land/landed` of the home.
void note_landing(const app::Context& context, const records::Candidate& candidate,
                  const std::string& commit, Time at);

/// Whether a landing of this home has brought this head of this proposal to its target.
[[nodiscard]] bool landed_from_here(const app::Context& context,
                                    const records::Candidate& candidate);

/// The proposals that these sources bring beside those of the sets that were there before, oldest
/// first, as records name them: `proposal`, `target`, `title`, `authors`, `reviewers`, `commit`,
/// `landed_at`. Followed from commit to commit by the landings of this home; what others have
/// landed, or pushed by hand, ends that, and so does a revision that one of those sets has. Empty
/// where there were none. Nobody is asked over a network.
[[nodiscard]] Json landings_in(const app::Context& context, const Sources& sources,
                               const std::vector<Sources>& before);

/// Keeps with a set what it has brought, for who cuts it or looks at it.
void keep_landings(const app::Context& context, const std::string& set, const Json& landings);
/// Null where nothing is known of it.
[[nodiscard]] Json landings_of(const app::Context& context, const std::string& set);

}  // namespace cdctl::land
