#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl::git {

inline constexpr std::string_view k_default_proposals = "refs/heads/propose/TARGET/TOPIC";
/// What belongs to a proposal beside its branch: the votes, and what has to land before.
inline constexpr std::string_view k_reviews = "refs/reviews/";
inline constexpr std::string_view k_notes_of = "refs/proposals/";
/// How far each has come, as git notes on its head.
inline constexpr std::string_view k_landing_notes = "refs/notes/cdctl-land";

/// Where the proposals of a target are: `refs/heads/propose/TARGET/TOPIC`, with the branch of the
/// target in the place of TARGET. A topic may have slashes in it.
class ProposalRefs {
 public:
  /// Exit code `config` for a pattern that cannot be used.
  [[nodiscard]] static Result<ProposalRefs> parse(std::string_view pattern,
                                                  std::string_view branch);
  /// The branch of a topic.
  [[nodiscard]] std::string ref(std::string_view topic) const {
    return prefix_ + std::string(topic);
  }
  /// The topic of a branch, if it is one of these.
  [[nodiscard]] std::optional<std::string> topic(std::string_view ref) const;
  /// What all of them begin with: `refs/heads/propose/main/`.
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

 private:
  explicit ProposalRefs(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string prefix_;
};

/// Which of several targets a branch is proposed for: the one whose prefix is the longest, for
/// `propose/main/next/fix` is one of `main/next` where there is such a target. Its place in `all`.
[[nodiscard]] std::optional<std::size_t> owner_of(std::string_view ref,
                                                  std::span<const ProposalRefs> all);

/// A topic that can be part of a ref, and of a path in a URL. Exit code `usage`.
[[nodiscard]] Result<> check_topic(std::string_view topic);

}  // namespace cdctl::git
