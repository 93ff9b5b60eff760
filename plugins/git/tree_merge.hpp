#pragma once

#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// What a merge gives: a tree, or the files in which both sides are at odds.
struct MergedTree {
  std::string tree;
  std::vector<std::string> conflicts;
  bool nothing_left = false;  ///< of a change that was picked: the other side has it already
};

/// A commit of a series, and the tree that it gives on top of those before it.
struct PickedCommit {
  std::string commit, tree;
};
struct Series {
  std::vector<PickedCommit> commits;
  std::vector<std::string> conflicts;
};

/// Merges trees in a workshop. Makes no commit that anybody keeps, moves no ref, and needs no work
/// tree.
class TreeMerge {
 public:
  TreeMerge(const Workshop& workshop, const Deadline& deadline)
      : workshop_(workshop), deadline_(deadline) {}

  [[nodiscard]] Result<MergedTree> merge(const std::string& base, const std::string& head) const;
  [[nodiscard]] Result<std::string> tree_of(const std::string& commit) const;
  /// The tree of what a commit has changed in its parent (empty: it has none), on top of the tree
  /// `onto`.
  [[nodiscard]] Result<MergedTree> pick(const std::string& commit, const std::string& parent,
                                        const std::string& onto) const;
  /// The commits that only `head` has, one by one on top of `base`. Merge commits are left out, and
  /// so is one of which nothing is left.
  [[nodiscard]] Result<Series> series(const std::string& base, const std::string& head) const;
  /// A commit of a tree that nobody has made. The same arguments give the same commit.
  [[nodiscard]] Result<std::string> made_up(const std::string& tree,
                                            const std::string& parent) const;

 private:
  const Workshop& workshop_;
  const Deadline& deadline_;
};

}  // namespace cdctl::git
