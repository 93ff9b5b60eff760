#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/git_progress.hpp"
#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// One call of the git program that can neither ask a person nor leave the protocols that are
/// allowed.
struct GitCall {
  std::vector<std::string> args;    ///< what follows `git`; the user of an http address among them
                                    ///< reaches git by its environment
  std::filesystem::path directory;  ///< as `-C`; empty = none
  bool file_protocol =
      true;  ///< whether `file` addresses may be used (submodules of a remote parent: no)
  std::size_t max_output = 64u << 20;
  Deadline deadline;
  std::string remote = {};  ///< an address that git finds by itself: in `.git/config`, say
  std::string input = {};   ///< on stdin
  std::map<std::string, std::string> env = {};  ///< more of it
  Tell tell = {};         ///< hears how far it is, where `--quiet` is among the words
  std::string what = {};  ///< what that is said of
};

/// Runs it. The error is that git could not be started (exit code `unknown`).
[[nodiscard]] Result<Finished> run_git(const GitCall& call);
/// Runs it; an end other than success is an error of explain().
[[nodiscard]] Result<std::string> git_output(const GitCall& call);

/// Turns git's complaint into one line that says which kind of trouble it is: unreachable, wrong
/// credentials, not a repository, deadline passed, or git's own last word. Exit code `unknown`,
/// with a passed deadline `timeout`.
[[nodiscard]] Error explain(const Finished& finished);

/// What the other side has said in words of its own, a hook mostly: the last of git's lines
/// `remote: …`, with `: ` in front; empty where it has said nothing.
[[nodiscard]] std::string their_words(std::string_view said);

/// Whether the trouble is on the other side (so that a local repair would not help).
[[nodiscard]] bool remote_trouble(const Finished& finished);

/// `git ls-remote` for what `want` means, with a second, full listing to say what is wrong when it
/// is not there.
[[nodiscard]] Result<std::string> ls_remote(const Address& address, const Want& want,
                                            const Deadline& deadline);

}  // namespace cdctl::git
