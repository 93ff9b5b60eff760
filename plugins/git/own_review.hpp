#pragma once

#include <filesystem>
#include <string>

#include <cdctl/host.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::git {

/// A review that somebody makes in their clone.
struct OwnReview {
  std::filesystem::path folder;
  std::string who;         ///< by git's settings
  std::string tag;         ///< that is the review; empty where none is made
  std::string head, base;  ///< of the proposal, and what its target is at
};

/// Why it will not count as it is, as far as this machine can tell: by the target's files beside
/// its configuration, and the commits in the clone. Empty where nothing is known against it. They
/// keep their word all the same: a reviewers' file may get its line later.
[[nodiscard]] std::string why_not_counted(const Host& host, const TargetConfig& target,
                                          const OwnReview& review, const Deadline& deadline);

}  // namespace cdctl::git
