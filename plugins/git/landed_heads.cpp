#include "plugins/git/landed_heads.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/claims.hpp"
#include "plugins/git/git_command.hpp"
#include "plugins/git/tree_merge.hpp"

namespace cdctl::git {

namespace {

// What anybody may write costs no more than this to look into.
constexpr std::size_t k_most_hints = 5;    ///< commits that name a head, the newest first
constexpr std::size_t k_longest = 200;     ///< of a series that is merged as a whole
constexpr std::size_t k_most_picked = 12;  ///< of one that is picked commit by commit
constexpr std::size_t k_most_pairs = 400;  ///< comparisons of one commit with another

std::string landed_ref(std::string_view head) { return fmt::format("refs/landed/{}", head); }

/// The commit that a head has landed as, by our own memory; empty where there is none.
Result<std::string> noted(const Workshop& workshop, const std::string& head,
                          const Deadline& deadline) {
  if (!valid_commit_id(head)) return std::string();
  CDCTL_TRY_ASSIGN(const auto finished,
                   workshop.git({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                 landed_ref(head) + "^{commit}"},
                                deadline));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  return finished.ok() ? first_line(finished.out) : std::string();
}

/// How many commits of its own a head has, merge commits left out.
Result<std::size_t> length_of(const Workshop& workshop, const std::string& head,
                              const std::string& tip, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto text,
      workshop.output({"rev-list", "--count", "--no-merges", tip + ".." + head}, deadline));
  const auto number = first_line(text);
  std::size_t out = 0;
  std::from_chars(number.data(), number.data() + number.size(), out);
  return out;
}

/// The commit and its first parents, as far back as a series of `length` can begin.
Result<std::vector<std::string>> line_of(const Workshop& workshop, const std::string& commit,
                                         std::size_t length, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text,
                   workshop.output({"rev-list", "--first-parent",
                                    fmt::format("--max-count={}", length + 1), commit},
                                   deadline));
  std::vector<std::string> out;
  for (const auto id : lines(text)) out.emplace_back(id);
  return out;
}

/// Whether a commit is what squash or rebase makes of a head, wherever that began: its tree is the
/// head's on top of one of those before it.
Result<bool> was_made_of(const Workshop& workshop, const std::string& commit,
                         const std::string& head, std::size_t length, const Deadline& deadline) {
  const TreeMerge trees(workshop, deadline);
  CDCTL_TRY_ASSIGN(const auto line, line_of(workshop, commit, length, deadline));
  if (line.size() < 2) return false;
  CDCTL_TRY_ASSIGN(const auto tree, trees.tree_of(commit));
  for (const auto& before : std::span(line).subspan(1)) {
    CDCTL_TRY_ASSIGN(const auto merged, trees.merge(before, head));
    if (merged.conflicts.empty() && merged.tree == tree) return true;
  }
  if (length > k_most_picked) return false;
  for (const auto& before : std::span(line).subspan(1)) {  // picked one by one it may be another
    CDCTL_TRY_ASSIGN(const auto series, trees.series(before, head));
    if (!series.commits.empty() && series.commits.back().tree == tree) return true;
  }
  return false;
}

struct Pair {
  std::string commit, parent;
};
/// The commits of both sides that git takes for equal. It looks past white space and line numbers,
/// so that they may be.
struct Alike {
  std::vector<Pair> base, head;
  std::size_t all = 0;  ///< commits of the head's side
};
Result<Alike> alike(const Workshop& workshop, const std::string& base, const std::string& head,
                    const Deadline& deadline) {
  const auto asked = [&](const char* side) {
    return workshop.output({"rev-list", "--cherry-mark", side, "--reverse", "--topo-order",
                            "--parents", base + "..." + head},
                           deadline);
  };
  Alike out;
  CDCTL_TRY_ASSIGN(const auto right, asked("--right-only"));
  const auto equal_in = [](std::string_view text, std::vector<Pair>& into) {
    for (auto line : lines(text)) {
      if (!line.starts_with('=')) continue;
      line.remove_prefix(1);
      const std::string commit(take_until(line, ' '));
      into.push_back({commit, std::string(take_until(line, ' '))});
    }
  };
  out.all = lines(right).size();
  equal_in(right, out.head);
  if (out.head.size() != out.all || out.all == 0) return out;
  CDCTL_TRY_ASSIGN(const auto left, asked("--left-only"));
  equal_in(left, out.base);
  return out;
}

/// Whether each commit of the head's side is on the base, in this order: done to what was there, it
/// gives what is there.
Result<bool> all_there(const Workshop& workshop, const Alike& both, const Deadline& deadline) {
  if (both.all == 0 || both.head.size() != both.all) return false;
  const TreeMerge trees(workshop, deadline);
  std::size_t pairs = 0;
  auto at = both.base.begin();
  for (const auto& wanted : both.head) {
    bool found = false;
    for (; !found && at != both.base.end(); ++at) {
      if (++pairs > k_most_pairs) return false;
      if (at->parent.empty()) continue;
      CDCTL_TRY_ASSIGN(const auto before, trees.tree_of(at->parent));
      CDCTL_TRY_ASSIGN(const auto is, trees.tree_of(at->commit));
      CDCTL_TRY_ASSIGN(const auto picked, trees.pick(wanted.commit, wanted.parent, before));
      found = picked.conflicts.empty() && picked.tree == is;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

Result<bool> has_landed(const Workshop& workshop, const std::string& head, const std::string& tip,
                        MergeMethod method, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool known, workshop.has(head, deadline));
  if (known) {
    CDCTL_TRY_ASSIGN(const bool merged, workshop.is_ancestor(head, tip, deadline));
    if (merged) return true;
  }
  if (method == MergeMethod::merge) return false;
  CDCTL_TRY_ASSIGN(const auto ours, noted(workshop, head, deadline));
  if (!ours.empty()) {
    CDCTL_TRY_ASSIGN(const bool there, workshop.is_ancestor(ours, tip, deadline));
    if (there) return true;
  }
  if (!known) return false;
  CDCTL_TRY_ASSIGN(const auto text,
                   workshop.output({"log", "--first-parent", "--format=%H", "--fixed-strings",
                                    fmt::format("--max-count={}", k_most_hints),
                                    fmt::format("--grep={}{}", k_head_line, head),
                                    "--end-of-options", tip, "^" + head},
                                   deadline));
  if (text.empty()) return false;
  CDCTL_TRY_ASSIGN(const auto length, length_of(workshop, head, tip, deadline));
  for (const auto commit : lines(text)) {
    CDCTL_TRY_ASSIGN(const bool made,
                     was_made_of(workshop, std::string(commit), head,
                                 std::clamp<std::size_t>(length, 1, k_longest), deadline));
    if (made) return true;
  }
  return false;
}

Result<> note_landed(const Workshop& workshop, const std::string& head, const std::string& commit,
                     const Deadline& deadline) {
  CDCTL_TRY(workshop.output({"update-ref", landed_ref(head), commit}, deadline));
  return {};
}

Result<bool> has_equal_changes(const Workshop& workshop, const std::string& head,
                               const std::string& base, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, workshop.git({"merge-base", base, head}, deadline));
  const auto common = first_line(found.out);
  if (!found.ok() || common == base) return false;
  CDCTL_TRY_ASSIGN(const auto one_by_one, alike(workshop, base, head, deadline));
  CDCTL_TRY_ASSIGN(const bool each, all_there(workshop, one_by_one, deadline));
  if (each) return true;
  if (one_by_one.all < 2) return false;
  const TreeMerge trees(workshop, deadline);
  CDCTL_TRY_ASSIGN(const auto tree, trees.tree_of(head));
  CDCTL_TRY_ASSIGN(const auto whole, trees.made_up(tree, common));
  CDCTL_TRY_ASSIGN(const auto as_one, alike(workshop, base, whole, deadline));
  return all_there(workshop, as_one, deadline);
}

}  // namespace cdctl::git
