#include "plugins/git/candidate_commit.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/claims.hpp"
#include "plugins/git/landed_heads.hpp"
#include "plugins/git/odd_trees.hpp"
#include "plugins/git/tree_merge.hpp"

namespace cdctl::git {

namespace {

using Environment = std::map<std::string, std::string>;

constexpr std::string_view k_reviewed = "Reviewed-by: ";

/// `1700000000 +0000`: the same on every machine.
std::string git_date(Time at) {
  return fmt::format("{} +0000",
                     std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

/// git takes no line break, `<` or `>` in who made a commit, and a terminal no controls.
std::string clean(std::string_view text, std::string_view otherwise) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
      ++i;  // of those above ASCII
    else if (c >= 0x20 && c != 0x7f && c != '<' && c != '>')
      out += text[i];
  }
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

/// The lines `Reviewed-by` of a message: who has let it through.
std::vector<std::string> reviewers_of(std::string_view message) {
  std::vector<std::string> out;
  for (const auto line : lines(message))
    if (line.starts_with(k_reviewed)) out.emplace_back(trimmed(line.substr(k_reviewed.size())));
  return out;
}

/// What git keeps of a commit: its header, and its words.
struct RawCommit {
  std::string_view head, message;

  explicit RawCommit(std::string_view raw) {
    const auto blank = std::min(raw.find("\n\n"), raw.size());
    head = raw.substr(0, blank);
    message = raw.substr(std::min(blank + 2, raw.size()));
  }

  /// Its line `encoding`, with the line break, where it has one.
  [[nodiscard]] std::string encoding() const {
    for (const auto line : lines(head))
      if (line.starts_with("encoding ")) return std::string(line) + "\n";
    return {};
  }
  /// Whether git may make other words of its bytes than stand there: in ISO-2022 and its like an
  /// ASCII byte is not always that letter.
  [[nodiscard]] bool in_disguise() const {
    static constexpr std::array<std::string_view, 5> k_plain{"encoding utf-8", "encoding iso-8859-",
                                                             "encoding windows-125",
                                                             "encoding koi8-", "encoding us-ascii"};
    auto name = encoding();
    for (auto& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return !name.empty() && std::ranges::none_of(k_plain, [&](std::string_view plain) {
      return name.starts_with(plain);
    });
  }
};

/// Makes what one request asks for.
class Maker {
 public:
  Maker(const Workshop& workshop, const MergeRequest& request, const Deadline& deadline)
      : workshop_(workshop),
        request_(request),
        deadline_(deadline),
        trees_(workshop, deadline),
        reviewers_(reviewers_of(request.message)) {}

  Result<MergeAnswer> make(const std::string& base) {
    CDCTL_TRY_ASSIGN(const bool by_hand,
                     has_equal_changes(workshop_, request_.head, base, deadline_));
    if (by_hand) return MergeAnswer{base, true, {}, {}, {}};
    CDCTL_TRY_ASSIGN(const auto odd, odd_tree(workshop_, base, request_.head, deadline_));
    if (!odd.empty()) return MergeAnswer{base, false, {fmt::format("({})", odd)}, {}, {}};
    CDCTL_TRY_ASSIGN(auto merged, trees_.merge(base, request_.head));
    MergeAnswer out{base, false, std::move(merged.conflicts), {}, std::move(merged.tree)};
    if (request_.method == MergeMethod::rebase && out.conflicts.empty()) {
      CDCTL_TRY_ASSIGN(out, rebase(base, out.tree));
    } else if (out.conflicts.empty()) {
      CDCTL_TRY_ASSIGN(const auto before, trees_.tree_of(base));
      if (request_.method == MergeMethod::squash && out.tree == before)
        return MergeAnswer{base, true, {}, {}, {}};
      CDCTL_TRY_ASSIGN(out.commit, one_commit(base, out.tree));
    }
    return out;
  }

 private:
  /// A merge commit, or all of it as one.
  Result<std::string> one_commit(const std::string& base, const std::string& tree) const {
    const bool squash = request_.method == MergeMethod::squash;
    std::vector<std::string> words{"-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree, "-p",
                                   base};
    if (!squash) words.insert(words.end(), {"-p", request_.head});
    words.insert(words.end(), {"-F", "-"});
    auto message = without_claims(request_.message, reviewers_);
    if (squash) {
      CDCTL_TRY_ASSIGN(message, with_head_line(message, {}));
    }
    CDCTL_TRY_ASSIGN(
        const auto text,
        workshop_.output(std::move(words), deadline_, std::move(message),
                         identities(request_.author, request_.committer, request_.at)));
    return first_line(text);
  }

  /// A message that ends with the proposal's head, after who has reviewed it.
  Result<std::string> with_head_line(std::string_view message,
                                     const std::vector<std::string>& reviewers) const {
    std::vector<std::string> words{"interpret-trailers", "--no-divider", "--if-exists",
                                   "addIfDifferent"};
    for (const auto& who : reviewers)
      words.insert(words.end(), {"--trailer", fmt::format("{}{}", k_reviewed, who)});
    words.insert(words.end(), {"--trailer", fmt::format("{}{}", k_head_line, request_.head)});
    return workshop_.output(std::move(words), deadline_, std::string(message));
  }

  // ------------------------------------------------------------------ rebase

  /// `merged`: the tree of a merge of the same.
  Result<MergeAnswer> rebase(const std::string& base, const std::string& merged) {
    CDCTL_TRY_ASSIGN(const auto merges, workshop_.output({"rev-list", "--count", "--merges",
                                                          base + ".." + request_.head},
                                                         deadline_));
    const bool straight = first_line(merges) == "0";
    CDCTL_TRY_ASSIGN(const bool on_top, workshop_.is_ancestor(base, request_.head, deadline_));
    if (straight && on_top) {
      CDCTL_TRY_ASSIGN(const bool claims, any_claims(base));
      if (!claims) return as_it_stands(base, merged);
    }
    CDCTL_TRY_ASSIGN(const auto series, trees_.series(base, request_.head));
    if (!series.conflicts.empty()) return MergeAnswer{base, false, series.conflicts, {}, {}};
    if (series.commits.empty()) return MergeAnswer{base, true, {}, {}, {}};
    if (!straight && series.commits.back().tree != merged)
      return MergeAnswer{
          base, false, {"(what its merge commits changed is lost by a rebase)"}, {}, {}};
    MergeAnswer out{base, false, {}, base, {}};
    for (const auto& one : series.commits) {
      out.tree = one.tree;
      CDCTL_TRY_ASSIGN(out.commit, commit_anew(one.commit, out, &one == &series.commits.back()));
    }
    return out;
  }

  /// Whether one of its commits says what the author of a proposal cannot know. Signed or not, such
  /// words do not land.
  Result<bool> any_claims(const std::string& base) const {
    CDCTL_TRY_ASSIGN(const auto text,
                     workshop_.output({"rev-list", base + ".." + request_.head}, deadline_));
    std::vector<std::string> ids;
    for (const auto line : lines(text)) ids.emplace_back(line);
    CDCTL_TRY_ASSIGN(const auto all, workshop_.texts(ids, deadline_));
    return std::ranges::any_of(all, [&](const std::string& raw) {
      const RawCommit commit(raw);
      return commit.in_disguise() || makes_claims(commit.message, reviewers_);
    });
  }

  /// What stands on the target already: its commits as they are, signatures included. A last one
  /// that nobody has signed is made anew for the reviewers that it does not name.
  Result<MergeAnswer> as_it_stands(const std::string& base, const std::string& merged) {
    MergeAnswer out{base, false, {}, request_.head, merged};
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts({request_.head}, deadline_));
    const RawCommit raw(texts.front());
    const auto head = lines(raw.head), said = lines(raw.message);
    const bool is_signed =
        std::ranges::any_of(head, [](std::string_view line) { return line.starts_with("gpgsig"); });
    const bool named = std::ranges::all_of(reviewers_, [&](const std::string& who) {
      return std::ranges::find(said, fmt::format("{}{}", k_reviewed, who)) != said.end();
    });
    if (is_signed || named) return out;
    CDCTL_TRY_ASSIGN(const auto parent, workshop_.output({"rev-parse", "--verify",
                                                          "--end-of-options", request_.head + "^"},
                                                         deadline_));
    out.commit = first_line(parent);
    CDCTL_TRY_ASSIGN(out.commit, commit_anew(request_.head, out, true));
    return out;
  }

  /// A commit with the words and the author of another, byte for byte but for claims and where its
  /// encoding could hide some, on top of what was made.
  Result<std::string> commit_anew(const std::string& like, const MergeAnswer& out, bool last) {
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts({like}, deadline_));
    const RawCommit raw(texts.front());
    std::string author, words(raw.message);
    for (const auto line : lines(raw.head))
      if (line.starts_with("author ") && author.empty()) author = line;
    auto encoding = raw.encoding();
    if (raw.in_disguise()) {  // as git reads it, and in UTF-8
      CDCTL_TRY_ASSIGN(
          const auto read,
          workshop_.output({"log", "-1", "--no-show-signature", "--encoding=UTF-8", "--date=raw",
                            "--format=author %an <%ae> %ad%n%B", "--end-of-options", like},
                           deadline_));
      std::string_view rest = read;
      author = take_until(rest, '\n');
      words = rest;
      encoding.clear();
    }
    auto message = without_claims(words, reviewers_);
    if (last) {
      CDCTL_TRY_ASSIGN(message, with_head_line(message, reviewers_));
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

  const Workshop& workshop_;
  const MergeRequest& request_;
  const Deadline& deadline_;
  TreeMerge trees_;
  std::vector<std::string> reviewers_;  ///< as the request names them
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
