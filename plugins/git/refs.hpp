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

/// What is done with each ref that a repository tells, which may be very many; says whether it
/// wants more of them.
using TakeRef = std::function<bool(const Ref& ref)>;

/// The longest list of refs that is kept as a whole, some 200,000 of them. One ref out of a longer
/// one is found without keeping it.
inline constexpr std::size_t k_longest_list = 16u << 20;

/// The ref that a source wants, of refs that come one by one.
class Choice {
 public:
  /// `want` outlives it.
  explicit Choice(const Want& want) : want_(want) {}
  void add(const Ref& ref);
  [[nodiscard]] const std::optional<Ref>& best() const { return best_; }
  /// Its commit.
  [[nodiscard]] std::optional<std::string> commit() const;

 private:
  const Want& want_;
  std::optional<Ref> best_;
};

/// The error for a ref that is not there, given everything that is: an empty repository, or a
/// deleted branch.
[[nodiscard]] Error missing(const Want& want, bool empty_repository);

/// Orders tag names as versions: digits count as numbers (v1.9 < v1.10), and a pre-release comes
/// before its release (v2.0-rc1 < v2.0). Names that say the same version are ordered by their
/// bytes, so the order is total.
[[nodiscard]] std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace cdctl::git
