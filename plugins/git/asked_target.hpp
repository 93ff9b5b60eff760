#pragma once

#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/target.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/signatures.hpp"

namespace cdctl::git {

/// A target, and whose word counts on it.
struct Asked {
  const TargetConfig* target = nullptr;
  ProposalRefs names;
  Trusted trusted;
  Reviewers reviewers;
  std::string digest;  ///< of the files that say whom to trust, and of the repository's names
  Address repository;
  std::vector<Address> known_as;
};

/// The configuration of a target, with the files that it names. Exit code `config` where one of
/// them cannot be read, or others can write to it.
[[nodiscard]] Result<Asked> read_asked(const Host& host, const TargetConfig& target,
                                       ProposalRefs names);

}  // namespace cdctl::git
