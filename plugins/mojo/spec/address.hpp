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
/// (`git+` is taken off, `;branch=NAME` can follow). Exit code `usage`.
[[nodiscard]] Result<SpecAddress> parse_spec_address(std::string_view text);

/// SHA-256 over names, kinds, modes and contents of a folder, version control left out; of a file,
/// over its contents.
[[nodiscard]] Result<std::string> folder_digest(const std::filesystem::path& folder);

/// Puts the spec into `into` (absent before), links and modes kept, and says at which revision: a
/// commit, a revision-id, or of a folder the SHA-256 of all it holds, version control left out.
[[nodiscard]] Result<SourceState> fetch_spec(Host& host, const SpecAddress& address,
                                             const std::filesystem::path& into,
                                             const Deadline& deadline);

/// A spec to look at: a folder as it is, the folder of a manifest, or a checkout that goes away
/// with the object.
class SpecOnDisk {
 public:
  /// `text` as for parse_spec_address, or the path of a manifest. Exit code `usage` when it is
  /// empty.
  [[nodiscard]] static Result<SpecOnDisk> open(Host& host, std::string_view text,
                                               const Deadline& deadline);
  SpecOnDisk(SpecOnDisk&& other) noexcept;
  SpecOnDisk& operator=(SpecOnDisk&&) = delete;
  ~SpecOnDisk();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// The manifest that `text` named; empty when it named a spec.
  [[nodiscard]] const std::string& manifest() const { return manifest_; }
  /// Whether the folder is the user's own, and not a checkout.
  [[nodiscard]] bool in_place() const { return temporary_.empty(); }

 private:
  SpecOnDisk() = default;
  std::filesystem::path folder_, temporary_;
  std::string manifest_;
};

}  // namespace cdctl::mojo
