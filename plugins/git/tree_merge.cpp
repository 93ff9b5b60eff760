#include "plugins/git/tree_merge.hpp"

#include <csignal>
#include <map>
#include <span>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"

namespace cdctl::git {

namespace {

const std::map<std::string, std::string>& nobody() {
  static const std::map<std::string, std::string> k_nobody{
      {"GIT_AUTHOR_NAME", "cdctl"},       {"GIT_AUTHOR_EMAIL", "cdctl@localhost"},
      {"GIT_AUTHOR_DATE", "@0 +0000"},    {"GIT_COMMITTER_NAME", "cdctl"},
      {"GIT_COMMITTER_DATE", "@0 +0000"}, {"GIT_COMMITTER_EMAIL", "cdctl@localhost"}};
  return k_nobody;
}

}  // namespace

Result<MergedTree> TreeMerge::merge(const std::string& base, const std::string& head) const {
  MergedTree out;
  CDCTL_TRY_ASSIGN(
      const auto finished,
      workshop_.git({"-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict",
                     "merge-tree", "--write-tree", "--name-only", "--no-messages", base, head},
                    deadline_));
  const bool told = !finished.timed_out && !finished.interrupted && finished.signal == 0;
  if (told && finished.status > 1 && finished.err.contains("unrelated histories")) {
    out.conflicts = {"(no commit in common with the target)"};
    return out;
  }
  if (finished.signal == SIGABRT && !finished.timed_out && !finished.interrupted) {
    out.conflicts = {"(a tree that git cannot merge)"};  // names that no tree may have
    return out;
  }
  if (!told || finished.status > 1) return fail(explain(finished));
  const auto said = lines(finished.out);
  if (said.empty() || !valid_commit_id(said.front()))
    return fail(ExitCode::unknown, "git merge-tree gave no tree: git 2.38 or newer is needed");
  if (finished.status == 0)
    out.tree = said.front();
  else
    for (const auto file : std::span(said).subspan(1))
      if (!file.empty()) out.conflicts.emplace_back(file);
  return out;
}

Result<std::string> TreeMerge::tree_of(const std::string& commit) const {
  CDCTL_TRY_ASSIGN(const auto text, workshop_.output({"rev-parse", "--verify", "--end-of-options",
                                                      commit + "^{tree}"},
                                                     deadline_));
  return first_line(text);
}

/// `git merge-tree --merge-base` came with git 2.40: two commits that were made up for it have the
/// parent's tree as their base.
Result<MergedTree> TreeMerge::pick(const std::string& commit, const std::string& parent,
                                   const std::string& onto) const {
  CDCTL_TRY_ASSIGN(const auto theirs, tree_of(commit));
  std::string before;
  if (parent.empty()) {
    CDCTL_TRY_ASSIGN(const auto nothing, workshop_.output({"mktree"}, deadline_));
    before = first_line(nothing);
  } else {
    CDCTL_TRY_ASSIGN(before, tree_of(parent));
  }
  if (before == theirs) return MergedTree{onto, {}, false};  // it was empty from the start
  if (before == onto) return MergedTree{theirs, {}, false};
  CDCTL_TRY_ASSIGN(const auto root, made_up(before, {}));
  CDCTL_TRY_ASSIGN(const auto ours, made_up(onto, root));
  CDCTL_TRY_ASSIGN(const auto other, made_up(theirs, root));
  CDCTL_TRY_ASSIGN(auto out, merge(ours, other));
  out.nothing_left = out.conflicts.empty() && out.tree == onto;
  return out;
}

Result<Series> TreeMerge::series(const std::string& base, const std::string& head) const {
  CDCTL_TRY_ASSIGN(const auto text,
                   workshop_.output({"rev-list", "--reverse", "--topo-order", "--no-merges",
                                     "--parents", base + ".." + head},
                                    deadline_));
  Series out;
  CDCTL_TRY_ASSIGN(auto tree, tree_of(base));
  for (auto line : lines(text)) {
    const std::string commit(take_until(line, ' ')), parent(take_until(line, ' '));
    CDCTL_TRY_ASSIGN(auto picked, pick(commit, parent, tree));
    if (!picked.conflicts.empty()) return Series{{}, std::move(picked.conflicts)};
    if (picked.nothing_left) continue;
    tree = picked.tree;
    out.commits.push_back({commit, std::move(picked.tree)});
  }
  return out;
}

Result<std::string> TreeMerge::made_up(const std::string& tree, const std::string& parent) const {
  std::vector<std::string> words{"commit-tree", tree, "-m", "-"};
  if (!parent.empty()) words.insert(words.end(), {"-p", parent});
  CDCTL_TRY_ASSIGN(const auto text, workshop_.output(std::move(words), deadline_, {}, nobody()));
  return first_line(text);
}

}  // namespace cdctl::git
