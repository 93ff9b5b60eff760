#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/local_branch.hpp"

namespace cdctl::bzr {

/// One call of `brz`: no terminal to ask on, no log file, messages in English.
struct BrzCall {
  std::vector<std::string> words;
  Deadline deadline;
  std::filesystem::path folder = {};  ///< that it runs in; empty = ours
  std::string who = {};               ///< who commits; empty = as the user's settings say
  /// A folder in place of the user's settings: then none of them, no alias and no plugin has a say.
  std::filesystem::path nobody = {};
  std::size_t max_output = 1 << 20;
};

/// The error is that brz could not be started: exit code `unknown`, and what to install.
[[nodiscard]] Result<Finished> run_brz(const BrzCall& call);
/// What it wrote to stdout; an end other than success is an error of explain().
[[nodiscard]] Result<std::string> brz_output(const BrzCall& call);
/// The same, where some other exit statuses are no trouble either.
[[nodiscard]] Result<Finished> brz_answer(const BrzCall& call, std::vector<int> good);

/// Turns brz's complaint into one line. Exit code `unknown`; a passed deadline is `timeout`, a
/// revision that is not there `failed`. `transient` when the server could not be reached;
/// Reason::not_there when there is no branch, or no commit in it.
[[nodiscard]] Error explain(const Finished& finished);

/// What `brz revision-info` prints: a revno (`???` when the revision is not on the branch) and a
/// revision-id.
[[nodiscard]] Result<Revision> parse_info(std::string_view text);
/// The newest revision of a branch, or the one that a `--revision` names.
[[nodiscard]] Result<Revision> ask_brz(const Address& address,
                                       const std::optional<std::string>& spec,
                                       const Deadline& deadline);
/// The newest revision: from its files where that is possible, else brz is asked.
[[nodiscard]] Result<Revision> newest_of(const Address& address, const Deadline& deadline);

}  // namespace cdctl::bzr
