#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plugins/mojo/lint/tree.hpp"

namespace cdctl::mojo {

/// Finds files that nobody names. What is named is read in turn, and what it names is named
/// too: a word of its text is enough.
class References {
 public:
  explicit References(const SpecTree& tree) : tree_(tree), live_(tree.entries().size()) {}

  /// A file that is used, by its path in the tree. A manifest is not searched as text: its
  /// comments name what is no longer used.
  void use(std::string_view path, bool manifest = false);
  /// The value of a manifest's option: a file's name, with variables in it.
  void value(std::string_view text);
  /// The files that nobody has named. Call once, last.
  [[nodiscard]] Result<std::vector<std::string>> unnamed(const Deadline& deadline);

 private:
  void mark(std::size_t entry);
  void text(std::string_view text);
  void word(std::string_view word);
  void read(const TreeEntry& entry);
  [[nodiscard]] bool named(std::string_view name) const;

  const SpecTree& tree_;
  std::vector<bool> live_;
  std::vector<std::size_t> todo_;             ///< live, their text not searched yet
  std::unordered_set<std::string> words_;     ///< all that any live text holds
  std::unordered_set<std::string> searched_;  ///< real files: a thousand links can lead to one
  std::set<std::string> patterns_;            ///< globs of names
};

}  // namespace cdctl::mojo
