#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl::git {

/// The names of people in an allowed-signers file of ssh-keygen. Those of one line, and those with
/// the same key, are one person, who has one vote and none on what they made under another name.
class Reviewers {
 public:
  [[nodiscard]] static Reviewers parse(std::string_view text);
  /// All names of the one who has this name, the first of the file first; only the name itself
  /// where nobody has it.
  [[nodiscard]] std::vector<std::string> names_of(const std::string& name) const;

 private:
  struct Person {
    std::vector<std::string> names, keys;
  };
  std::vector<Person> people_;
};

/// Whether a name of that file is one person's: `*@example.com` is not.
[[nodiscard]] bool names_one_person(std::string_view name);

}  // namespace cdctl::git
