#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/proposal.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/asked_target.hpp"
#include "plugins/git/signatures.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// The refs of a workshop by name.
using Refs = std::map<std::string, Workshop::Ref>;

/// What was read of the proposals of one target.
struct TargetReading {
  Result<std::vector<Proposal>> proposals;      ///< the oldest first
  std::map<std::string, std::string> left_out;  ///< those that are missing in the answer, and why
  Signers signers;                              ///< who signed the tags that counted
};

/// Reads what is proposed for one target out of what was fetched: `mine` are the refs of its
/// proposals, `known` are signers that an earlier run has found out.
[[nodiscard]] TargetReading read_target(const Workshop& workshop, const Asked& asked,
                                        const Refs& refs, std::span<const std::string> mine,
                                        const Signers& known, const Deadline& deadline);

}  // namespace cdctl::git
