#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>

namespace cdctl::git {

/// A ref as a repository tells it.
struct Ref {
  std::string name;  ///< HEAD, refs/heads/main, refs/tags/v1
  std::string id;
  std::string peeled;  ///< the commit of an annotated tag; empty when there is none, or when it was
                       ///< not told
  std::string target = {};  ///< the ref that a symbolic one names, when it was asked for
};

/// Which ref of a source decides: a branch, the newest tag of a pattern, or what the repository's
/// HEAD says.
struct Want {
  std::string branch, tag;  ///< at most one is filled

  /// `branch main`, `a tag like v*`, `its HEAD`: for messages.
  [[nodiscard]] std::string text() const;
  /// Ref name prefixes that hold the answer, to keep a server's list short.
  [[nodiscard]] std::vector<std::string> prefixes() const;
};

/// The options `branch` and `tag`, checked. Exit code `config`.
[[nodiscard]] Result<Want> parse_want(const SourceConfig& source);

/// The ref that `want` means, or nullptr when it is not among them.
[[nodiscard]] const Ref* choose(const Want& want, const std::vector<Ref>& refs);

/// The error for a ref that is not there, given everything that is: an empty repository, or a
/// deleted branch.
[[nodiscard]] Error missing(const Want& want, bool empty_repository);

/// Orders tag names as versions: digits count as numbers (v1.9 < v1.10), and a pre-release comes
/// before its release (v2.0-rc1 < v2.0). Names that say the same version are ordered by their
/// bytes, so the order is total.
[[nodiscard]] std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace cdctl::git
