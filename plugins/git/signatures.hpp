#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/review_tag.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// Who has signed a tag, or why it is nobody's word that counts.
struct Signer {
  std::string who, why;
};
/// By the id of the tag: what was signed by a key is so for ever.
using Signers = std::map<std::string, Signer>;

/// Whose word counts on a target: `git.reviewers`, keys of SSH, and `git.keyring`, those of
/// OpenPGP.
struct Trusted {
  std::filesystem::path reviewers, keyring;  ///< empty where the target names none
};

/// A signed tag.
struct SignedTag {
  std::string id, text;
  TagText::Signature signature = TagText::Signature::none;
  std::size_t payload = 0;
};

/// What was found out in the time there was: a tag that is not among it was not asked about, or its
/// answer did not come.
///
/// Asks ssh-keygen and gpgv who has signed, several at a time, the first ones first. Exit code
/// `unknown` when one of them is needed and not there.
[[nodiscard]] Result<Signers> ask_signers(const Workshop& workshop, const Trusted& trusted,
                                          const std::vector<SignedTag>& tags,
                                          const Deadline& deadline);

}  // namespace cdctl::git
