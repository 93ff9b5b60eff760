#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <cdctl/host.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

namespace cdctl::mojo {

/// Where a spec is: a folder of this machine, or a branch of a repository.
struct SpecAddress {
  std::string kind;    ///< folder, git, bzr
  std::string url;     ///< an absolute path for a folder
  std::string branch;  ///< of git; empty = the repository's own
};

/// Reads what a person gave as SPEC: a folder, `lp:…` and other Breezy addresses, or a git address
/// (`git+` is taken off,
/// `;branch=NAME` may follow). Exit code `usage`.
[[nodiscard]] Result<SpecAddress> parse_spec_address(std::string_view text);

/// SHA-256 over names, kinds, modes and contents of a folder, version control left out; of a file,
/// over its contents.
[[nodiscard]] Result<std::string> folder_digest(const std::filesystem::path& folder);

/// Puts the spec into `into` (absent before), links and modes kept, and says at which revision: a
/// commit, a revision-id, or of a folder the SHA-256 of all it holds, version control left out.
[[nodiscard]] Result<SourceState> fetch_spec(Host& host, const SpecAddress& address,
                                             const std::filesystem::path& into,
                                             const Deadline& deadline);

}  // namespace cdctl::mojo
