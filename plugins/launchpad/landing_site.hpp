#pragma once

#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/launchpad/merge_proposal.hpp"
#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

/// A target as Launchpad knows it.
struct LandingSite {
  Place place;
  std::string path;  ///< of the repository or the branch
  std::string ref;   ///< of the target itself: the branch, or the ref of the repository
  std::string tip;   ///< its newest commit or revision, as far as Launchpad has looked
};

/// Whether a target's repository is a Breezy branch: `lp:`, `bzr+ssh://`, a host such as
/// `bazaar.launchpad.net`, or a name that is none of git's.
[[nodiscard]] bool is_breezy(const TargetConfig& target, const std::string& repository);

/// Finds a target. Exit code `unknown` where it is not there, or the token may not see it.
[[nodiscard]] Result<LandingSite> landing_site(WebService& web, const TargetConfig& target,
                                               const Deadline& deadline);

/// A ref of a git repository, by the repository's path; null where it is not there.
[[nodiscard]] std::string ref_by_path(std::string_view repository, std::string_view ref);
/// The newest commit that Launchpad has seen of a source: an entry of a ref, or of a branch.
[[nodiscard]] std::string tip_of(const Json& entry);

/// The open merge proposals for a target, the oldest first.
[[nodiscard]] Result<Json::Array> open_proposals(WebService& web, const LandingSite& site,
                                                 const Deadline& deadline);
/// One by its number, whatever has become of it. Reason::not_there.
[[nodiscard]] Result<Json> find_proposal(WebService& web, const LandingSite& site,
                                         const std::string& id, const Deadline& deadline);

/// Where the branch of a proposal is fetched from.
struct Source {
  std::string url, ref;  ///< no address where it is in the target's repository
};
/// `entry`: the git repository, or the Breezy branch, that it is in. Exit code `unknown`.
[[nodiscard]] Result<Source> source_of(const Place& place, const Json& entry,
                                       const LandingSite& site, const TargetConfig& target);

}  // namespace cdctl::launchpad
