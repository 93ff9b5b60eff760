#include "plugins/git/candidate_commit.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/odd_trees.hpp"

namespace cdctl::git {

namespace {

using Environment = std::map<std::string, std::string>;

constexpr std::string_view k_reviewed = "Reviewed-by: ";

/// `1700000000 +0000`: the same on every machine.
std::string git_date(Time at) {
  return fmt::format("{} +0000",
                     std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

/// git takes no line break, `<` or `>` in who made a commit.
std::string clean(std::string_view text, std::string_view otherwise) {
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != '<' && c != '>') out += c;
  return trimmed(out).empty() ? std::string(otherwise) : std::string(trimmed(out));
}

Environment identities(const Person& author, const Person& committer, Time at) {
  const auto date = "@" + git_date(at);
  return {{"GIT_AUTHOR_NAME", clean(author.name, "cdctl")},
          {"GIT_AUTHOR_EMAIL", clean(author.email, "cdctl@localhost")},
          {"GIT_AUTHOR_DATE", date},
          {"GIT_COMMITTER_NAME", clean(committer.name, "cdctl")},
          {"GIT_COMMITTER_EMAIL", clean(committer.email, "cdctl@localhost")},
          {"GIT_COMMITTER_DATE", date}};
}

/// A head line that the author of a proposal wrote would speak of somebody else's.
std::string without_head_lines(std::string_view message) {
  std::string out;
  for (const auto line : lines(message))
    if (!line.starts_with(k_head_line)) out.append(line).push_back('\n');
  return out;
}

/// The lines `Reviewed-by` of a message.
std::vector<std::string> reviewers_of(std::string_view message) {
  std::vector<std::string> out;
  for (const auto line : lines(message))
    if (line.starts_with(k_reviewed)) out.emplace_back(line);
  return out;
}

/// Makes what one request asks for.
class Maker {
 public:
  Maker(const Workshop& workshop, const MergeRequest& request, const Deadline& deadline)
      : workshop_(workshop), request_(request), deadline_(deadline) {}

  Result<MergeAnswer> make(const std::string& base) {
    CDCTL_TRY_ASSIGN(const bool by_hand, has_equal_patches(base));
    if (by_hand) return MergeAnswer{base, true, {}, {}, {}};
    CDCTL_TRY_ASSIGN(const auto odd, odd_tree(workshop_, base, request_.head, deadline_));
    if (!odd.empty()) return MergeAnswer{base, false, {fmt::format("({})", odd)}, {}, {}};
    CDCTL_TRY_ASSIGN(auto out, merge_trees(base, request_.head));
    if (request_.method == MergeMethod::rebase && out.conflicts.empty()) {
      CDCTL_TRY_ASSIGN(out, rebase(base, out.tree));
    } else if (out.conflicts.empty()) {
      CDCTL_TRY_ASSIGN(const auto before, tree_of(base));
      if (request_.method == MergeMethod::squash && out.tree == before)
        return MergeAnswer{base, true, {}, {}, {}};
      CDCTL_TRY_ASSIGN(out.commit, one_commit(base, out.tree));
    }
    return out;
  }

 private:
  /// What the merge of two commits is: its tree, or the files in which they are at odds.
  Result<MergeAnswer> merge_trees(const std::string& base, const std::string& head) const {
    MergeAnswer out;
    out.base = base;
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

  Result<std::string> tree_of(const std::string& commit) const {
    CDCTL_TRY_ASSIGN(const auto text, workshop_.output({"rev-parse", "--verify", "--end-of-options",
                                                        commit + "^{tree}"},
                                                       deadline_));
    return first_line(text);
  }

  /// A merge commit, or all of it as one.
  Result<std::string> one_commit(const std::string& base, const std::string& tree) const {
    const bool squash = request_.method == MergeMethod::squash;
    std::vector<std::string> words{"-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree, "-p",
                                   base};
    if (!squash) words.insert(words.end(), {"-p", request_.head});
    words.insert(words.end(), {"-F", "-"});
    auto message = request_.message;
    if (squash) {
      CDCTL_TRY_ASSIGN(message, with_head_line(request_.message, {}));
    }
    CDCTL_TRY_ASSIGN(
        const auto text,
        workshop_.output(std::move(words), deadline_, std::move(message),
                         identities(request_.author, request_.committer, request_.at)));
    return first_line(text);
  }

  /// A message that ends with the proposal's head, after other trailers.
  Result<std::string> with_head_line(std::string_view message,
                                     const std::vector<std::string>& others) const {
    std::vector<std::string> words{"interpret-trailers", "--no-divider", "--if-exists",
                                   "addIfDifferent"};
    for (const auto& line : others) words.insert(words.end(), {"--trailer", line});
    words.insert(words.end(), {"--trailer", fmt::format("{}{}", k_head_line, request_.head)});
    return workshop_.output(std::move(words), deadline_, without_head_lines(message));
  }

  // ------------------------------------------------------------------ rebase

  /// `merged`: the tree of a merge of the same.
  Result<MergeAnswer> rebase(const std::string& base, const std::string& merged) {
    CDCTL_TRY_ASSIGN(const auto merges, workshop_.output({"rev-list", "--count", "--merges",
                                                          base + ".." + request_.head},
                                                         deadline_));
    const bool straight = first_line(merges) == "0";
    CDCTL_TRY_ASSIGN(const bool on_top, workshop_.is_ancestor(base, request_.head, deadline_));
    if (straight && on_top) return as_it_stands(base, merged);
    CDCTL_TRY_ASSIGN(const auto text,
                     workshop_.output({"rev-list", "--reverse", "--topo-order", "--no-merges",
                                       "--parents", base + ".." + request_.head},
                                      deadline_));
    MergeAnswer out{base, false, {}, base, {}};
    CDCTL_TRY_ASSIGN(out.tree, tree_of(base));
    std::optional<std::string> last;  // is made when no other follows: it gets the head line
    for (auto line : lines(text)) {
      const std::string commit(take_until(line, ' ')), parent(take_until(line, ' '));
      CDCTL_TRY_ASSIGN(const auto picked, pick(commit, parent, out));
      if (!out.conflicts.empty()) return MergeAnswer{base, false, out.conflicts, {}, {}};
      if (!picked) continue;
      if (last) {
        CDCTL_TRY_ASSIGN(out.commit, commit_anew(*last, out, false));
      }
      last = commit;
      out.tree = *picked;
    }
    if (!last) return MergeAnswer{base, true, {}, {}, {}};
    if (!straight && out.tree != merged)
      return MergeAnswer{
          base, false, {"(what its merge commits changed is lost by a rebase)"}, {}, {}};
    CDCTL_TRY_ASSIGN(out.commit, commit_anew(*last, out, true));
    return out;
  }

  /// What stands on the target already: its commits as they are, signatures included. A last one
  /// that nobody has signed is made anew for the reviewers that it does not name.
  Result<MergeAnswer> as_it_stands(const std::string& base, const std::string& merged) {
    MergeAnswer out{base, false, {}, request_.head, merged};
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts({request_.head}, deadline_));
    const std::string_view raw = texts.front();
    const auto head = lines(raw.substr(0, std::min(raw.find("\n\n"), raw.size())));
    const bool is_signed =
        std::ranges::any_of(head, [](std::string_view line) { return line.starts_with("gpgsig"); });
    const auto said = lines(raw);
    const auto reviewers = reviewers_of(request_.message);
    const bool named = std::ranges::all_of(reviewers, [&](const std::string& line) {
      return std::ranges::find(said, line) != said.end();
    });
    if (is_signed || named) return out;
    CDCTL_TRY_ASSIGN(const auto parent, workshop_.output({"rev-parse", "--verify",
                                                          "--end-of-options", request_.head + "^"},
                                                         deadline_));
    out.commit = first_line(parent);
    CDCTL_TRY_ASSIGN(out.commit, commit_anew(request_.head, out, true));
    return out;
  }

  /// The tree of a commit's changes on top of what was made so far; empty when there is nothing
  /// left of them. Conflicts are noted in `out`.
  ///
  /// `git merge-tree --merge-base` came with git 2.40: two commits that were made up for it have
  /// the parent's tree as their base.
  Result<std::optional<std::string>> pick(const std::string& commit, const std::string& parent,
                                          MergeAnswer& out) const {
    CDCTL_TRY_ASSIGN(const auto theirs, tree_of(commit));
    std::string before;
    if (parent.empty()) {
      CDCTL_TRY_ASSIGN(const auto nothing, workshop_.output({"mktree"}, deadline_));
      before = first_line(nothing);
    } else {
      CDCTL_TRY_ASSIGN(before, tree_of(parent));
    }
    if (before == theirs) return std::optional(out.tree);  // it was empty from the start
    if (before == out.tree) return std::optional(theirs);
    CDCTL_TRY_ASSIGN(const auto root, made_up(before, {}));
    CDCTL_TRY_ASSIGN(const auto ours, made_up(out.tree, root));
    CDCTL_TRY_ASSIGN(const auto other, made_up(theirs, root));
    CDCTL_TRY_ASSIGN(auto merged, merge_trees(ours, other));
    out.conflicts = std::move(merged.conflicts);
    if (!out.conflicts.empty() || merged.tree == out.tree) return std::optional<std::string>();
    return std::optional(std::move(merged.tree));
  }

  Result<std::string> made_up(const std::string& tree, const std::string& parent) const {
    std::vector<std::string> words{"commit-tree", tree, "-m", "-"};
    if (!parent.empty()) words.insert(words.end(), {"-p", parent});
    CDCTL_TRY_ASSIGN(const auto text, workshop_.output(std::move(words), deadline_, {},
                                                       identities({}, {}, request_.at)));
    return first_line(text);
  }

  /// A commit with the words and the author of another, byte for byte, on top of what was made.
  Result<std::string> commit_anew(const std::string& like, const MergeAnswer& out, bool last) {
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts({like}, deadline_));
    const std::string_view raw = texts.front();
    const auto blank = std::min(raw.find("\n\n"), raw.size());
    std::string author, encoding;
    for (const auto line : lines(raw.substr(0, blank))) {
      if (line.starts_with("author ") && author.empty()) author = line;
      if (line.starts_with("encoding ")) encoding = std::string(line) + "\n";
    }
    auto message = without_head_lines(raw.substr(std::min(blank + 2, raw.size())));
    if (last) {
      CDCTL_TRY_ASSIGN(message, with_head_line(message, reviewers_of(request_.message)));
    }
    const auto text = fmt::format("tree {}\nparent {}\n{}\ncommitter {} <{}> {}\n{}\n{}", out.tree,
                                  out.commit, author, clean(request_.committer.name, "cdctl"),
                                  clean(request_.committer.email, "cdctl@localhost"),
                                  git_date(request_.at), encoding, message);
    CDCTL_TRY_ASSIGN(
        const auto made,
        workshop_.output({"hash-object", "-t", "commit", "-w", "--stdin"}, deadline_, text));
    return first_line(made);
  }

  // ------------------------------------------------------------------ landed by hand

  /// Whether the base has the same changes, one by one or as one commit, since the proposal left
  /// it. Who has taken them back since did not want them: rebased, they can be proposed anew.
  Result<bool> has_equal_patches(const std::string& base) const {
    CDCTL_TRY_ASSIGN(const auto found,
                     workshop_.git({"merge-base", base, request_.head}, deadline_));
    const auto common = first_line(found.out);
    if (!found.ok() || common == base) return false;
    CDCTL_TRY_ASSIGN(const auto one_by_one, marked(base, request_.head));
    if (one_by_one.same == one_by_one.all) return one_by_one.all > 0;
    if (one_by_one.all == 1) return false;
    CDCTL_TRY_ASSIGN(const auto tree, tree_of(request_.head));
    CDCTL_TRY_ASSIGN(const auto whole, made_up(tree, common));
    CDCTL_TRY_ASSIGN(const auto as_one, marked(base, whole));
    return as_one.all == 1 && as_one.same == 1;
  }

  struct Marked {
    std::size_t all = 0, same = 0;
  };
  /// The commits that only `head` has, and those of which the base has an equal.
  Result<Marked> marked(const std::string& base, const std::string& head) const {
    CDCTL_TRY_ASSIGN(const auto text, workshop_.output({"rev-list", "--cherry-mark", "--right-only",
                                                        base + "..." + head},
                                                       deadline_));
    Marked out;
    for (const auto line : lines(text)) {
      ++out.all;
      if (line.starts_with('=')) ++out.same;
    }
    return out;
  }

  const Workshop& workshop_;
  const MergeRequest& request_;
  const Deadline& deadline_;
};

/// The parent that a chain of candidates begins at.
Result<std::string> begins_at(const Workshop& workshop, const std::string& base,
                              const std::string& commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text,
                   workshop.output({"rev-list", "--first-parent", "--reverse", "--parents",
                                    "--end-of-options", base + ".." + commit},
                                   deadline));
  const auto first = first_line(text);
  const auto ids = words(first);
  return ids.size() < 2 ? std::string() : std::string(ids[1]);
}

/// Whether a commit's last line says that it was made of a head.
Result<bool> says_head(const Workshop& workshop, const std::string& commit, const std::string& head,
                       const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto texts, workshop.texts({commit}, deadline));
  return trimmed(texts.front()).ends_with(fmt::format("\n{}{}", k_head_line, head));
}

}  // namespace

Result<MergeAnswer> make_candidate(const Workshop& workshop, const MergeRequest& request,
                                   const std::string& base, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool there,
                   has_landed(workshop, request.head, base, request.method, deadline));
  if (there) return MergeAnswer{base, true, {}, {}, {}};
  return Maker(workshop, request, deadline).make(base);
}

Result<bool> has_landed(const Workshop& workshop, const std::string& head, const std::string& tip,
                        MergeMethod method, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool known, workshop.has(head, deadline));
  if (known) {
    CDCTL_TRY_ASSIGN(const bool merged, workshop.is_ancestor(head, tip, deadline));
    if (merged) return true;
  }
  if (method == MergeMethod::merge) return false;
  std::vector<std::string> words{"log",
                                 "--first-parent",
                                 "--format=%H",
                                 "--fixed-strings",
                                 fmt::format("--grep={}{}", k_head_line, head),
                                 "--end-of-options",
                                 tip};
  if (known) words.push_back("^" + head);
  CDCTL_TRY_ASSIGN(const auto text, workshop.output(std::move(words), deadline));
  for (const auto commit : lines(text)) {
    CDCTL_TRY_ASSIGN(const bool ours, says_head(workshop, std::string(commit), head, deadline));
    if (ours) return true;
  }
  return false;
}

Result<> check_candidate(const Workshop& workshop, const LandRequest& request, MergeMethod method,
                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const bool here, workshop.has(request.commit, deadline));
  if (!here)
    return fail(Error{ExitCode::unknown,
                      fmt::format("the candidate {} is not in this home", request.commit), false,
                      Reason::not_there});
  CDCTL_TRY_ASSIGN(
      const auto text,
      workshop.output({"rev-parse", request.commit + "^{tree}", request.commit + "^@"}, deadline));
  const auto is = lines(text);
  bool good = !is.empty() && is[0] == request.tree;
  if (good && method == MergeMethod::merge) good = is.size() == 3 && is[2] == request.head;
  if (good && method != MergeMethod::merge) good = is.size() == 2;
  if (good && method != MergeMethod::merge && request.commit != request.head) {
    CDCTL_TRY_ASSIGN(good, says_head(workshop, request.commit, request.head, deadline));
  }
  if (good) {
    CDCTL_TRY_ASSIGN(const auto from, begins_at(workshop, request.base, request.commit, deadline));
    good = from == request.base;
  }
  if (good) return {};
  return fail(ExitCode::refused,
              fmt::format("commit {} was not made of {} on {} with the tree {}", request.commit,
                          request.head, request.base, request.tree));
}

}  // namespace cdctl::git
