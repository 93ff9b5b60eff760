#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/proposal.hpp>

namespace cdctl {

/// The names of people in an allowed-signers file of ssh-keygen. Those of one line, and those with
/// the same key, are one person, who has one vote and none on what they made under another name.
class Reviewers {
 public:
  [[nodiscard]] static Reviewers parse(std::string_view text);
  /// All names of the one who has this name, the first of the file first; only the name itself
  /// where nobody has it.
  [[nodiscard]] std::vector<std::string> names_of(const std::string& name) const;
  /// The name by which the one who has `name` is one of these people; empty when they are not.
  [[nodiscard]] std::string among(const std::string& name, std::span<const Person> people) const;

 private:
  struct Reviewer {
    std::vector<std::string> names, keys;
  };
  std::vector<Reviewer> people_;
};

/// A line of such a file, by the rules of ssh-keygen.
struct SignersLine {
  std::size_t number = 0;
  std::string names;      ///< with commas between them
  std::string rest;       ///< options, and the key
  std::string kind, key;  ///< empty where ssh-keygen finds none
};
/// The lines that say something: no empty ones, and no comments.
[[nodiscard]] std::vector<SignersLine> signers_lines(std::string_view text);

/// What a name of that file must not have: programs read it by other rules, so that the same person
/// would be two. Blanks, quotes, control characters, what is no ASCII; empty where it has none.
[[nodiscard]] std::string odd_in_name(std::string_view name);

/// Whether a name of that file is one person's: `*@example.com` is not, nor is an odd one.
[[nodiscard]] bool names_one_person(std::string_view name);

/// Adds a vote, in place of an earlier one of the same reviewer where both count: of two that were
/// signed in the same second the one that does not approve stays.
void keep_latest(std::vector<Vote>& votes, Vote vote);

}  // namespace cdctl
