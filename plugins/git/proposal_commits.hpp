#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/time.hpp>

namespace cdctl::git {

/// A commit that a target does not have.
struct CommitText {
  std::string id;
  std::vector<std::string> parents;
  std::vector<Person> people;  ///< its author, and who is named as a co-author
  Time at;
  std::string title, description;
};

/// What proposals would bring to a target, told by one `git log` of all heads without the target:
/// which commits each has follows from their parents. The log of each proposal alone would be a
/// process for each.
class ProposalCommits {
 public:
  /// The words of that log; the heads and `^BASE` go to its stdin.
  [[nodiscard]] static std::vector<std::string> words();
  /// Reads what it says. Exit code `unknown` when that is cut short.
  [[nodiscard]] static Result<ProposalCommits> parse(std::string_view text);

  [[nodiscard]] bool has(const std::string& id) const { return places_.contains(id); }
  /// The commits of a proposal, the newest first, its head before all; none where the target has
  /// them.
  [[nodiscard]] std::vector<const CommitText*> of(const std::string& head);

 private:
  std::vector<CommitText> all_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<std::vector<std::size_t>> parents_;
  std::vector<std::uint32_t> seen_;  ///< by which question
  std::uint32_t question_ = 0;
};

}  // namespace cdctl::git
