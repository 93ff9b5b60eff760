#pragma once

#include <string>

#include <cdctl/error.hpp>
#include <cdctl/roles/forge.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

/// The title of our comment, by which it is found again: Launchpad shows all of a text, so that no
/// mark can hide in it.
[[nodiscard]] std::string report_title(const TargetConfig& target);
/// Its text: a comment is plain text, of which the end of a long log stays.
[[nodiscard]] std::string report_text(const ProposalReport& report);

/// Makes the comment of ours say this, or makes it where `may_begin`. Of two, as two landers at
/// once can leave, the first stays. False when it says so already.
[[nodiscard]] Result<bool> upsert_report(WebService& web, const std::string& proposal,
                                         const std::string& comments, const TargetConfig& target,
                                         const ProposalReport& report, bool may_begin,
                                         const Deadline& deadline);

}  // namespace cdctl::launchpad
