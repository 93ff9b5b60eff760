#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl::land {

/// The last votes of reviewers, counted by what they say: `Approve` → 2.
using VoteCounts = std::map<std::string, std::int64_t>;

/// How many votes a proposal needs: `Approve >= 2, Disapprove == 0`. All must hold. It is Tarmac's
/// language as it stands, and `!=`:
///
///     VOTE OPERATOR NUMBER [, VOTE OPERATOR NUMBER]…     `;` separates, too
///
/// OPERATOR is one of == != < <= > >=. The case of a vote does not matter. `Abstain` never counts.
class VotePolicy {
 public:
  /// Exit code `config`, with the column of what is wrong. A vote that nobody can give is wrong:
  /// `Needs Fxing == 0` would hold for ever.
  [[nodiscard]] static Result<VotePolicy> parse(std::string_view text);

  [[nodiscard]] bool holds(const VoteCounts& counts) const;
  /// What is missing, for people: `Approve >= 2 (1)`; empty when it holds.
  [[nodiscard]] std::string missing(const VoteCounts& counts) const;

 private:
  enum class Operator { equal, unequal, less, at_most, more, at_least };
  struct Term {
    std::string vote;  ///< as in known_votes()
    Operator op = Operator::equal;
    std::int64_t number = 0;
    [[nodiscard]] bool holds(const VoteCounts& counts) const;
  };
  static Result<Term> parse_term(std::string_view text, std::size_t column);

  std::vector<Term> terms_;
};

/// The votes that there are, in the words of Launchpad.
[[nodiscard]] const std::vector<std::string>& known_votes();
/// The vote that a word means: `needs-fixing`, `Needs Fixing`. Empty when there is none.
[[nodiscard]] std::string vote_of(std::string_view word);

}  // namespace cdctl::land
