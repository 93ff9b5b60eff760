#include "plugins/git/git_repository.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/candidate_commit.hpp"
#include "plugins/git/elsewhere.hpp"
#include "plugins/git/git_command.hpp"
#include "plugins/git/landed_heads.hpp"
#include "plugins/git/proposal_fetch.hpp"
#include "plugins/git/remote_refs.hpp"

namespace cdctl::git {

namespace {

/// What a target and a proposal are at now.
struct Tips {
  std::string target, proposal;  ///< the latter empty where the branch is gone, or nobody asked
};
/// `url`: where the proposal is, if it is not in the target's repository.
Result<Tips> look(const Workshop& workshop, const TargetConfig& target, const std::string& ref,
                  Workshop::Tidy tidy, const Deadline& deadline, const std::string& url = {}) {
  const bool elsewhere = !url.empty() && !ref.empty();
  std::vector<std::string> refs{branch_ref(target)};
  if (!elsewhere && !ref.empty()) refs.push_back(ref);
  const auto is_gone = [&](const Result<>& fetched) {
    return !fetched && fetched.error().reason == Reason::not_there && fetched.error().what == ref;
  };
  auto fetched = workshop.fetch(refs, deadline, {}, tidy);
  bool gone = is_gone(fetched);
  if (gone) fetched = workshop.fetch({branch_ref(target)}, deadline, {}, tidy);
  Tips out;
  if (fetched) {
    CDCTL_TRY_ASSIGN(out.target, workshop.tip(branch_ref(target), deadline));
  }
  // Only now: a fork's branch may have the name of the target, and takes its place in our copy.
  if (fetched && elsewhere) {
    fetched = workshop.fetch({ref}, deadline, url, tidy);
    gone = is_gone(fetched);
    if (gone) fetched = {};
  }
  if (!fetched)
    return fail(fetched.error().reason == Reason::not_there ? no_branch(target)
                                                            : std::move(fetched.error()));
  if (!gone && !ref.empty()) {
    CDCTL_TRY_ASSIGN(out.proposal, workshop.tip(ref, deadline));
  }
  return out;
}

/// Whether the target has a commit. What was pushed may have others on it by now: it is the tree of
/// our commit that counts, as the target's history has it.
Result<bool> read_back(const Workshop& workshop, const Tips& tips, const std::string& commit,
                       LandAnswer& out, const Deadline& deadline) {
  out.tip = tips.target;
  CDCTL_TRY_ASSIGN(const bool there, workshop.is_ancestor(commit, out.tip, deadline));
  CDCTL_TRY_ASSIGN(const auto tree, workshop.output({"rev-parse", "--verify", "--end-of-options",
                                                     (there ? commit : out.tip) + "^{tree}"},
                                                    deadline));
  out.tree = first_line(tree);
  return there;
}

Result<PushAnswer> push(const Workshop& workshop, const std::string& target,
                        const LandRequest& request, bool with_branch, const Deadline& deadline) {
  std::vector<std::string> words{"push", "--porcelain", "--no-verify", "--no-follow-tags",
                                 "--recurse-submodules=no"};
  if (with_branch) words.emplace_back("--atomic");
  words.push_back(fmt::format("--force-with-lease={}:{}", target, request.base));
  if (with_branch)
    words.push_back(fmt::format("--force-with-lease={}:{}", request.ref, request.head));
  words.insert(words.end(),
               {"--", workshop.address().url, fmt::format("{}:{}", request.commit, target)});
  if (with_branch) words.push_back(":" + request.ref);
  CDCTL_TRY_ASSIGN(const auto finished, workshop.git_out(std::move(words), deadline));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  auto answer = read_push(finished.out, finished.err, finished.ok(), target);
  if (!answer.done && !answer.answered && !answer.no_atomic) return fail(explain(finished));
  return answer;
}

/// Whether a push may remove the proposal's branch, too. A forge keeps its proposals in refs that
/// nobody may remove, such as refs/pull/1/head; and where the branch may be another's second name,
/// it is left to the clearing, which says so.
Result<bool> removes_branch(const Host& host, const TargetConfig& target, const Workshop& workshop,
                            const LandRequest& request, const Deadline& deadline) {
  if (!request.remove_branch || !request.ref.starts_with("refs/heads/")) return false;
  const auto proposed_to = [&](const TargetConfig& one) {
    return one.repository == target.repository && request.ref == branch_ref(one);
  };
  if (request.ref == branch_ref(target) || std::ranges::any_of(host.config().targets, proposed_to))
    return false;
  CDCTL_TRY_ASSIGN(const auto listed, listed_refs(workshop.address(), {request.ref}, deadline));
  return check_removable(workshop.address(), listed, deadline).has_value();
}

/// The push was taken, and the target has something else now: nobody has lost a proposal by that.
/// Gives what is to be said of its branch.
std::string put_back(const Workshop& workshop, const LandRequest& request,
                     const Deadline& deadline) {
  const auto done = workshop.git_out(
      {"push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
       fmt::format("--force-with-lease={}:", request.ref),  // somebody may have proposed it again
       "--", workshop.address().url, fmt::format("{}:{}", request.head, request.ref)},
      deadline);
  if (done && done->ok()) return fmt::format("; {} went with the push and is back", request.ref);
  return fmt::format("; {} went with the push: push {} there again", request.ref, request.head);
}

/// Somebody else's hand at once after ours, most likely a hook of the server's: what is there now
/// was neither reviewed nor tested by us.
Error replaced(const TargetConfig& target, const LandRequest& request, const std::string& tip,
               std::string_view branch) {
  return {ExitCode::failed,
          fmt::format("{} took {} and is at {} now, without it: a hook of the server, or somebody, "
                      "has put that in its place; look at it at once{}",
                      target.branch, request.commit, tip, branch)};
}

/// Whether it is the tree's own fault that git cannot write it down: names that no file can have,
/// or that two would have. A full disk, or rights, are the machine's.
bool cannot_be_checked_out(std::string_view said) {
  return std::ranges::any_of(lines(said), [](std::string_view line) {
    const bool link = line.contains("unable to create symlink");
    return line.starts_with("error: invalid path ") || line.ends_with(": File name too long") ||
           (line.contains("unable to create file") &&
            (line.ends_with(": Is a directory") || line.ends_with(": Not a directory"))) ||
           (link && (line.ends_with(": No such file or directory") ||
                     line.ends_with(": Invalid argument")));
  });
}

/// One of the steps of a checkout.
Result<> write_tree(const Workshop& workshop, std::vector<std::string> words,
                    const std::map<std::string, std::string>& env, const Deadline& deadline) {
  std::vector<std::string> all{"-c", "core.bare=false",   "-c", "core.autocrlf=false",
                               "-c", "core.symlinks=true"};
  all.insert(all.end(), words.begin(), words.end());
  CDCTL_TRY_ASSIGN(const auto finished, workshop.git(std::move(all), deadline, {}, env));
  if (finished.ok()) return {};
  auto error = explain(finished);
  if (finished.timed_out || finished.interrupted || !cannot_be_checked_out(finished.err))
    return fail(std::move(error));
  return fail(fmt::format("its files cannot be checked out: {}", error.what));
}

}  // namespace

PushAnswer read_push(std::string_view out, std::string_view err, bool ok, std::string_view target) {
  PushAnswer answer;
  answer.done = ok;
  answer.no_atomic = err.contains("does not support --atomic");
  std::string_view others;  // refused for the sake of another ref, which has a line of its own
  for (auto line : lines(out)) {
    const auto flag = take_until(line, '\t');
    auto refs = take_until(line, '\t');
    (void)take_until(refs, ':');
    if (refs == target) answer.moved = flag == " " || flag == "+";
    if (flag != "!") continue;
    answer.answered = true;
    if (line.contains("deletion")) answer.no_deletion = true;
    if (line.contains("atomic push fail") || line.contains("atomic transaction fail"))
      others = line;
    else if (answer.why.empty())
      answer.why = printable(line, 200);
  }
  if (answer.why.empty()) answer.why = printable(others, 200);
  if (answer.answered) answer.words = their_words(err);
  return answer;
}

Result<MergeAnswer> GitRepository::do_merge(const TargetConfig& target, const MergeRequest& request,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
  std::string from;
  if (!request.url.empty()) {
    CDCTL_TRY_ASSIGN(auto address, parse_address(request.url, {}));
    from = std::move(address.url);
  }
  CDCTL_TRY_ASSIGN(const auto tips,
                   look(workshop, target, request.ref, Workshop::Tidy::now, deadline, from));
  if (tips.proposal.empty()) return fail(fmt::format("{} is not there any more", request.ref));
  if (tips.proposal != request.head)
    return fail(fmt::format("{} has moved from {} to {} since it was let through", request.ref,
                            request.head, tips.proposal));
  CDCTL_TRY(note_source(workshop, request.ref, request.head, from));
  const auto base = request.onto.empty() ? tips.target : request.onto;
  return make_candidate(workshop, request, base, deadline);
}

Result<> GitRepository::do_checkout(const TargetConfig& target, const std::string& commit,
                                    const std::filesystem::path& into, const Deadline& deadline) {
  auto workshop = Workshop::open(host_, target, deadline);
  if (workshop) workshop->unlock();
  auto made = workshop ? make_directories(into, 0700) : fail(workshop.error());
  if (!made) {  // `failed` would say that the tree is why
    if (made.error().exit == ExitCode::failed) made.error().exit = ExitCode::unknown;
    return made;
  }
  const auto index = into.string() + ".index";
  const std::map<std::string, std::string> env{{"GIT_INDEX_FILE", index},
                                               {"GIT_WORK_TREE", into.string()}};
  auto done = write_tree(*workshop, {"read-tree", "--end-of-options", commit}, env, deadline);
  if (done)
    done = write_tree(*workshop, {"checkout-index", "--all", "--force", "--quiet"}, env, deadline);
  (void)remove_tree(index);
  return done;
}

Result<> GitRepository::do_stage(const TargetConfig& target, const std::string& ref,
                                 const std::string& commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
  CDCTL_TRY(check_not_symbolic(workshop.address(), ref, deadline));
  std::vector<std::string> words{"push",
                                 "--porcelain",
                                 "--no-verify",
                                 "--no-follow-tags",
                                 "--recurse-submodules=no",
                                 "--force",
                                 "--",
                                 workshop.address().url,
                                 fmt::format("{}:{}", commit, ref)};
  CDCTL_TRY_ASSIGN(const auto finished, workshop.git_out(std::move(words), deadline));
  if (finished.ok() || (commit.empty() && finished.err.contains("remote ref does not exist")))
    return {};
  auto error = explain(finished);
  error.what += their_words(finished.err);
  return fail(error.in(fmt::format("pushing to {}", without_user(workshop.address().url))));
}

Result<LandAnswer> GitRepository::do_land(const TargetConfig& target, const LandRequest& request,
                                          const Deadline& deadline) {
  using enum LandAnswer::State;
  CDCTL_TRY_ASSIGN(auto workshop, Workshop::open(host_, target, deadline));
  CDCTL_TRY(check_candidate(workshop, request, target.method, deadline));
  LandAnswer out;
  constexpr auto later = Workshop::Tidy::later;  // whoever merged it has just tidied up
  const auto from = source_of(workshop, request.ref, request.head);
  CDCTL_TRY_ASSIGN(auto tips, look(workshop, target, request.ref, later, deadline, from));
  CDCTL_TRY_ASSIGN(const bool before, read_back(workshop, tips, request.commit, out, deadline));
  if (!before) {
    CDCTL_TRY_ASSIGN(const bool merged,
                     has_landed(workshop, request.head, out.tip, target.method, deadline));
    if (merged) {  // by another candidate of it: that one is not what we have verified
      out.state = there;
      out.tree.clear();
      return out;
    }
  }
  const auto state_now = [&](LandAnswer::State otherwise) {
    if (tips.target != request.base) return target_moved;
    return tips.proposal != request.head ? proposal_moved : otherwise;
  };
  out.state = before ? there : state_now(landed);
  // Best effort: it has landed, whatever we can write down of it.
  const auto remember = [&]() -> Result<> {
    if (target.method == MergeMethod::merge) return {};  // everybody sees it
    return note_landed(workshop, request.head, request.commit, deadline);
  };
  if (before) (void)remember();
  if (out.state != landed) return out;
  crash_point("land.leased");
  CDCTL_TRY_ASSIGN(const bool with_branch,
                   from.empty() ? removes_branch(host_, target, workshop, request, deadline)
                                : Result<bool>(false));
  CDCTL_TRY_ASSIGN(auto said, push(workshop, branch_ref(target), request, with_branch, deadline));
  out.branch_removed = said.done && with_branch;
  if (with_branch && (said.no_atomic || said.no_deletion)) {
    out.why = said.no_atomic ? "the server takes no two refs at once" : said.why + said.words;
    CDCTL_TRY_ASSIGN(said, push(workshop, branch_ref(target), request, false, deadline));
  }
  crash_point("land.pushed");
  // A branch that went with the push is not asked for: that is an answer of the server's, too.
  const auto left = out.branch_removed ? std::string() : request.ref;
  CDCTL_TRY_ASSIGN(tips, look(workshop, target, left, later, deadline, from));
  CDCTL_TRY_ASSIGN(const bool now, read_back(workshop, tips, request.commit, out, deadline));
  out.state = said.moved ? landed : there;
  if (now) {
    (void)remember();
    return out;
  }
  if (said.moved)
    return fail(
        replaced(target, request, out.tip,
                 out.branch_removed ? put_back(workshop, request, deadline) : std::string()));
  out.state = state_now(refused);
  out.why = said.why + said.words;
  return out;
}

}  // namespace cdctl::git
