#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/proposal.hpp>

#include "plugins/git/signatures.hpp"

namespace cdctl::git {

/// What was read of a target's proposals the last time: a file of the home, where nobody else can
/// write. Whoever finds the same refs again, and the same people trusted, has the same proposals;
/// and what was signed by a key need not be asked again.
struct ProposalMemory {
  std::string key;  ///< what the proposals follow from
  std::vector<Proposal> proposals;
  std::string trusted;  ///< whose word counted: the digest of those files
  Signers signers;

  /// Empty where there is none that can be used.
  [[nodiscard]] static ProposalMemory read(const std::filesystem::path& path);
  [[nodiscard]] Result<> write(const std::filesystem::path& path) const;
};

/// A proposal as JSON, and back.
[[nodiscard]] Json to_json(const Proposal& proposal);
[[nodiscard]] Proposal proposal_of(const Json& json);

}  // namespace cdctl::git
