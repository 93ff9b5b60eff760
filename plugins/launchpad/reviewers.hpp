#pragma once

#include <set>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/launchpad/landing_site.hpp"
#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

/// Whose word counts in a target: those that `launchpad.reviewers` names, by themselves or by a
/// team, and without it those whom Launchpad trusts to review for it.
class Reviewers {
 public:
  explicit Reviewers(const TargetConfig& target);

  /// Asks about these people, given by their links.
  [[nodiscard]] Result<> ask(WebService& web, const LandingSite& site,
                             const std::set<std::string>& links, const Deadline& deadline);
  /// Why somebody's word does not count; empty when it does.
  [[nodiscard]] std::string why_not(const std::string& name) const;

 private:
  [[nodiscard]] bool by_right() const { return names_.empty() && teams_.empty(); }

  std::vector<std::string> names_, teams_;
  std::set<std::string> trusted_;
};

}  // namespace cdctl::launchpad
