#include "plugins/git/git_forge.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/git_repository.hpp"
#include "plugins/git/own_review.hpp"
#include "plugins/git/proposal_list.hpp"
#include "plugins/git/remote_refs.hpp"
#include "plugins/git/removal.hpp"
#include "plugins/git/repository_name.hpp"
#include "plugins/git/review_tag.hpp"

namespace cdctl::git {

namespace {

/// git in the folder of whoever proposes or reviews, with their settings and keys.
struct WorkTree {
  std::filesystem::path folder;
  Deadline deadline;

  Result<Finished> git(std::vector<std::string> words, std::string input = {},
                       std::map<std::string, std::string> env = {}) const {
    return run_git({std::move(words),
                    folder,
                    true,
                    16u << 20,
                    deadline,
                    {},
                    std::move(input),
                    std::move(env)});
  }
  /// One line of git's; empty when it has none.
  Result<std::string> line(std::vector<std::string> words) const {
    CDCTL_TRY_ASSIGN(const auto finished, git(std::move(words)));
    if (finished.timed_out || finished.interrupted) return fail(explain(finished));
    return finished.ok() ? first_line(finished.out) : std::string();
  }
  Result<std::string> commit(const std::string& revision) const {
    CDCTL_TRY_ASSIGN(auto id, line({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                    revision + "^{commit}"}));
    if (id.empty())
      return fail(ExitCode::usage,
                  fmt::format("{} has no commit {}", folder.string(), printable(revision, 60)));
    return id;
  }
  Result<bool> has(const std::string& id) const {
    CDCTL_TRY_ASSIGN(const auto finished, git({"cat-file", "-e", id + "^{commit}"}));
    return finished.ok();
  }
};

std::string review_ref(const TargetConfig& target, std::string_view topic, std::string_view who) {
  return fmt::format("{}{}/{}/{}", k_reviews, target.branch, topic, who);
}
std::string notes_ref(const TargetConfig& target, std::string_view topic) {
  return fmt::format("{}{}/{}", k_notes_of, target.branch, topic);
}

Result<std::string> topic_of(const WorkTree& tree, const TargetConfig& target,
                             const ProposeRequest& request) {
  auto topic = request.id;
  if (topic.empty()) {
    CDCTL_TRY_ASSIGN(topic, tree.line({"symbolic-ref", "--quiet", "--short", "HEAD"}));
    if (topic.empty() || topic == target.branch)
      return fail(ExitCode::usage, "give the proposal a name, such as cdctl propose fix-typo");
  }
  CDCTL_TRY(check_topic(topic));
  return topic;
}

/// The tag that says what a proposal comes after, in the repository of the folder. Nobody signs it:
/// it can only hold a proposal back.
Result<std::string> make_note(const WorkTree& tree, const std::string& ref, const std::string& head,
                              const std::map<std::string, std::string>& after) {
  CDCTL_TRY_ASSIGN(const auto who, tree.line({"var", "GIT_COMMITTER_IDENT"}));
  if (who.empty())
    return fail(ExitCode::config, "git does not know who you are: git config user.email");
  auto text = fmt::format("object {}\ntype commit\ntag {}\ntagger {}\n\nThe proposal {}\n\n", head,
                          ref.substr(5), who, ref);
  for (const auto& [topic, commit] : after) text += fmt::format("After: {} {}\n", topic, commit);
  CDCTL_TRY_ASSIGN(const auto made, tree.git({"hash-object", "-t", "tag", "-w", "--stdin"}, text));
  if (!made.ok()) return fail(explain(made));
  return first_line(made.out);
}

/// A proposal that is not there: which one may have been meant, and how to see them all.
Error no_proposal(const TargetConfig& target, const Address& address, const ProposalRefs& names,
                  const std::string& topic, std::string_view doing, const Deadline& deadline) {
  std::vector<std::string> topics;
  if (const auto refs = listed_refs(address, {names.prefix() + "*"}, deadline))
    for (const auto& [ref, id] : refs->ids)
      if (const auto one = names.topic(ref)) topics.push_back(*one);
  auto meant = did_you_mean(topic, topics);
  if (meant.empty())
    meant = topics.empty() ? "; nothing is proposed for it"
                           : fmt::format("; see cdctl proposals {}", target.name);
  return {ExitCode::failed, fmt::format("there is no proposal {} for {}{}{}", printable(topic, 80),
                                        target.name, doing, meant)};
}

/// Why a push was refused: what is said of the ref itself, in `--porcelain`, tells more than git's
/// last line, that something was.
Error refused_push(const Finished& finished) {
  auto error = explain(finished);
  for (auto line : lines(finished.out))
    if (line.starts_with("!\t")) {
      (void)take_until(line, '\t');
      (void)take_until(line, '\t');
      error.what = fmt::format("the repository does not take it: {}{}", printable(line, 200),
                               their_words(finished.err));
      break;
    }
  return error;
}

/// Offers what the target has not; else it would be taken for landed, and removed.
Result<> check_new(const WorkTree& tree, const std::string& head, const TargetConfig& target,
                   const std::string& tip) {
  CDCTL_TRY_ASSIGN(const auto inside, tree.git({"merge-base", "--is-ancestor", head, tip}));
  if (!inside.ok()) return {};  // or its tip is not in this clone
  return fail(fmt::format("{} has {} already: commit something to propose", target.branch,
                          head.substr(0, 10)));
}

/// Whether a head may be put in the place of another: what is lost must have been seen here.
Result<> check_replaces(const WorkTree& tree, const std::string& before, const std::string& head,
                        const std::string& ref) {
  CDCTL_TRY_ASSIGN(const bool seen, tree.has(before));
  if (seen) return {};
  return fail(ExitCode::refused,
              fmt::format("{} is at {}, which is not in {}: somebody else has proposed it; fetch "
                          "it, or take another name (not {})",
                          ref, before, tree.folder.string(), head.substr(0, 10)));
}

/// `ls-remote` lists no pattern of a ref whose name has a star in it.
std::vector<std::string> refs_of(const TargetConfig& target, const ProposalRefs& names,
                                 const std::string& topic) {
  return {names.ref(topic), notes_ref(target, topic), review_ref(target, topic, "*")};
}

std::string note_text(const ProposalReport& report) {
  const std::string_view state = report.state == ProposalReport::State::landed     ? "landed"
                                 : report.state == ProposalReport::State::rejected ? "rejected"
                                                                                   : "pending";
  auto out = fmt::format("{}\n\n", report.summary);
  if (!report.text.empty()) out += fmt::format("{}\n\n", trimmed(report.text));
  out += fmt::format("Land-State: {}\n", state);
  if (!report.commit.empty()) out += fmt::format("Land-Commit: {}\n", report.commit);
  return out;
}

}  // namespace

Result<ProposalRefs> proposal_refs(const TargetConfig& target) {
  return ProposalRefs::parse(target.table["git"]["proposals"].as_string(k_default_proposals),
                             target.branch);
}

std::vector<Result<std::vector<Proposal>>> GitForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  return list_proposals(host_, targets, deadline);
}

Result<ProposeAnswer> GitForge::do_propose(const TargetConfig& target,
                                           const ProposeRequest& request,
                                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address,
                   parse_address(target.repository, host_.config().file.parent_path()));
  CDCTL_TRY_ASSIGN(const auto names, proposal_refs(target));
  const WorkTree tree{request.folder, deadline};
  CDCTL_TRY_ASSIGN(const auto head,
                   tree.commit(request.revision.empty() ? "HEAD" : request.revision));
  CDCTL_TRY_ASSIGN(const auto topic, topic_of(tree, target, request));
  ProposeAnswer out{topic, names.ref(topic), head, false};
  std::vector<std::string> wanted{out.ref, "refs/heads/" + target.branch};
  for (const auto& other : request.after) {
    CDCTL_TRY(check_topic(other));
    if (other == topic) return fail(ExitCode::usage, "a proposal cannot come after itself");
    wanted.push_back(names.ref(other));
  }
  const auto note_ref = notes_ref(target, topic);
  wanted.push_back(note_ref);
  CDCTL_TRY_ASSIGN(const auto listed, listed_refs(address, wanted, deadline));
  for (const auto& ref : {out.ref, note_ref}) CDCTL_TRY(check_not_symbolic(listed, ref));
  const auto& there = listed.ids;
  if (!there.contains(wanted[1]))
    return fail(ExitCode::unknown,
                fmt::format("{} has no branch {}", without_user(address.url), target.branch));
  std::map<std::string, std::string> after;
  for (const auto& other : request.after) {
    const auto at = there.find(names.ref(other));
    if (at == there.end())
      return fail(no_proposal(target, address, names, other, " to come after", deadline));
    after.emplace(other, at->second);
  }
  const auto before = there.contains(out.ref) ? there.at(out.ref) : std::string();
  if (before == head && after.empty()) return out;
  CDCTL_TRY(check_new(tree, head, target, there.at(wanted[1])));
  if (!before.empty() && before != head) CDCTL_TRY(check_replaces(tree, before, head, out.ref));
  out.changed = true;
  if (request.dry_run) return out;
  std::vector<std::string> words{"push", "--porcelain", "--quiet", "--no-follow-tags",
                                 fmt::format("--force-with-lease={}:{}", out.ref, before)};
  std::vector<std::string> refs{fmt::format("{}:{}", head, out.ref)};
  if (!after.empty()) {
    CDCTL_TRY_ASSIGN(const auto note, make_note(tree, note_ref, head, after));
    words.emplace_back("--atomic");  // it must not be there for a moment without what holds it back
    refs.push_back(fmt::format("+{}:{}", note, note_ref));
  }
  words.insert(words.end(), {"--", address.url});
  words.insert(words.end(), refs.begin(), refs.end());
  CDCTL_TRY_ASSIGN(const auto pushed, tree.git(std::move(words)));
  if (!pushed.ok())
    return fail(
        refused_push(pushed).in(fmt::format("pushing {} to {}", topic, without_user(address.url))));
  return out;
}

namespace {

/// How a review is signed: as the target can check it, and where it can check both kinds, as the
/// user signs.
Result<std::string> signature_format(const WorkTree& tree, const TargetConfig& target) {
  if (target.table["git"]["keyring"].is_null()) return "ssh";
  if (target.table["git"]["reviewers"].is_null()) return "openpgp";
  CDCTL_TRY_ASSIGN(auto own, tree.line({"config", "gpg.format"}));
  return own == "ssh" ? own : "openpgp";
}

/// The review that is replaced; empty where there is none.
struct Replaced {
  std::string url, ref, id;

  [[nodiscard]] Result<std::string> text(const WorkTree& tree) const {
    if (id.empty()) return std::string();
    auto got = tree.git({"cat-file", "tag", id});
    if (got && !got->ok()) {  // it was made in another clone
      CDCTL_TRY(tree.git({"fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                          "--no-recurse-submodules", "--", url, ref}));
      got = tree.git({"cat-file", "tag", id});
    }
    if (!got) return fail(std::move(got.error()));
    return got->ok() ? std::move(got->out) : std::string();
  }
};

/// When a review is signed: after the one it replaces, however wrong a clock was. Of two that
/// somebody has signed the later one counts.
std::string signing_date(std::string_view replaced) {
  auto at = std::chrono::floor<std::chrono::seconds>(now());
  if (const auto before = parse_tag(replaced).at)
    at = std::max(at, std::chrono::floor<std::chrono::seconds>(*before) + std::chrono::seconds(1));
  return fmt::format("{} +0000", at.time_since_epoch().count());
}

/// A signed tag of a commit, in the repository of the folder; no ref of it stays.
Result<std::string> sign(const WorkTree& tree, const TargetConfig& target,
                         const std::string& message, const std::string& head,
                         std::string_view replaced) {
  const auto name = "cdctl-review/" + random_hex(8);
  CDCTL_TRY_ASSIGN(const auto format, signature_format(tree, target));
  CDCTL_TRY_ASSIGN(const auto made,
                   tree.git({"-c", "gpg.format=" + format, "tag", "--sign", "--cleanup=verbatim",
                             "-F", "-", name, head},
                            message, {{"GIT_COMMITTER_DATE", signing_date(replaced)}}));
  const auto not_signed = [&](std::string_view why) {
    return fail(ExitCode::config,
                fmt::format("signing the review: {}; a review is signed by {}", why,
                            format == "ssh" ? "an SSH key: git config user.signingkey "
                                              "~/.ssh/id_ed25519.pub"
                                            : "an OpenPGP key: git config user.signingkey KEY"));
  };
  if (!made.ok()) return not_signed(explain(made).what);
  const auto id = tree.line({"rev-parse", "--verify", "refs/tags/" + name});
  CDCTL_TRY_ASSIGN(const auto removed, tree.git({"update-ref", "-d", "refs/tags/" + name}));
  if (!removed.ok()) return fail(explain(removed));
  if (!id) return id;
  // git 2.39 ends well where ssh-keygen could not use the key: the tag is there, without a
  // signature. Nobody would count it.
  CDCTL_TRY_ASSIGN(const auto text, tree.git({"cat-file", "tag", *id}));
  if (!text.ok()) return fail(explain(text));
  if (parse_tag(text.out).signature == TagText::Signature::none)
    return not_signed("git made none (" + explain(made).what + ")");
  return id;
}

/// Whether the same was said already, by a tag that `cdctl review` made.
bool says_so(std::string_view tag, const std::string& message, const std::string& head) {
  return parse_tag(tag).object == head &&
         std::string_view(tag).contains("\n\n" + message + "-----BEGIN ");
}

/// The commit that a reviewer names, which has to be the one that is proposed. A few of its digits
/// could be another's, made for it.
Result<> check_named_head(const std::string& named, const std::string& ref,
                          const std::string& head) {
  constexpr std::size_t k_fewest = 7;
  if (!named.empty() && named.size() < k_fewest)
    return fail(ExitCode::usage, fmt::format("--head {}: give at least {} digits of the commit",
                                             printable(named, 60), k_fewest));
  if (head.starts_with(named)) return {};
  return fail(ExitCode::refused, fmt::format("{} is at {} by now; look at that", ref, head));
}

/// What is signed is what stands before the reviewer. That a clone has a commit says only that
/// something has fetched it, as editors do in the background.
Result<> check_looked_at(const WorkTree& tree, const std::string& ref, const std::string& head) {
  CDCTL_TRY_ASSIGN(const auto here,
                   tree.line({"rev-parse", "--verify", "--quiet", "HEAD^{commit}"}));
  if (here == head) return {};
  return fail(
      ExitCode::refused,
      fmt::format("{} is at {}, and {} has {} checked out: git checkout --detach {}, look at it, "
                  "and review it then; or say which commit you have looked at: --head COMMIT",
                  ref, head, tree.folder.string(), here.empty() ? "nothing" : here.substr(0, 10),
                  head.substr(0, 10)));
}

}  // namespace

Result<ReviewAnswer> GitForge::do_review(const TargetConfig& target, const ReviewRequest& request,
                                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address,
                   parse_address(target.repository, host_.config().file.parent_path()));
  CDCTL_TRY_ASSIGN(const auto names, proposal_refs(target));
  CDCTL_TRY(check_topic(request.id));
  const WorkTree tree{request.folder, deadline};
  ReviewAnswer out;
  CDCTL_TRY_ASSIGN(out.who, tree.line({"config", "user.email"}));
  if (out.who.empty() || out.who.contains('/') || !valid_ref_name(out.who))
    return fail(ExitCode::config, "git does not know who you are: git config user.email");
  const auto ref = names.ref(request.id), vote_ref = review_ref(target, request.id, out.who);
  const auto target_ref = "refs/heads/" + target.branch;
  CDCTL_TRY_ASSIGN(const auto listed, listed_refs(address, {ref, vote_ref, target_ref}, deadline));
  for (const auto& one : {ref, vote_ref}) CDCTL_TRY(check_not_symbolic(listed, one));
  const auto& there = listed.ids;
  if (!there.contains(ref))
    return fail(no_proposal(target, address, names, request.id, "", deadline));
  out.head = there.at(ref);
  CDCTL_TRY(check_named_head(request.head, ref, out.head));
  CDCTL_TRY_ASSIGN(const bool seen, tree.has(out.head));
  if (!seen)
    return fail(ExitCode::refused,
                fmt::format("{} is at {}, which is not in {}: git fetch {} {}, look at it, and "
                            "review it then",
                            ref, out.head, tree.folder.string(), without_user(address.url), ref));
  if (request.head.empty()) CDCTL_TRY(check_looked_at(tree, ref, out.head));
  const auto message = review_message(repository_name(address), target.branch, request.id,
                                      request.value, request.comment);
  const Replaced replaced{address.url, vote_ref,
                          there.contains(vote_ref) ? there.at(vote_ref) : std::string()};
  CDCTL_TRY_ASSIGN(const auto before, replaced.text(tree));
  const auto base = there.find(target_ref);
  const auto warn = [&](const std::string& tag) {
    const auto why = why_not_counted(
        host_, target,
        {tree.folder, out.who, tag, out.head, base == there.end() ? "" : base->second}, deadline);
    if (!why.empty())
      host_.log(Level::warning, fmt::format("{}: {}: this review does not count as it is: {}",
                                            target.name, request.id, why));
  };
  if (says_so(before, message, out.head)) return warn(replaced.id), out;
  out.changed = true;
  if (request.dry_run) return warn({}), out;
  CDCTL_TRY_ASSIGN(const auto tag, sign(tree, target, message, out.head, before));
  CDCTL_TRY_ASSIGN(const auto pushed,
                   tree.git({"push", "--porcelain", "--quiet", "--no-follow-tags", "--",
                             address.url, fmt::format("+{}:{}", tag, vote_ref)}));
  if (!pushed.ok()) return fail(refused_push(pushed).in("pushing the review"));
  warn(tag);
  return out;
}

namespace {

/// Whether a push was refused for what somebody else has pushed meanwhile; else it is a hook, or a
/// rule of the server's, and the next try would be as good.
bool was_faster(std::string_view why) {
  constexpr std::array<std::string_view, 6> k_words{
      "stale info",      "fetch first",          "non-fast-forward",
      "cannot lock ref", "failed to update ref", "reference already exists"};
  return std::ranges::any_of(k_words, [&](std::string_view word) { return why.contains(word); });
}

/// Whether this home has told something of a commit before, which is true no more.
Result<bool> has_note(Host& host, const std::string& ref, const TargetConfig& target,
                      const std::string& commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, target, deadline));
  CDCTL_TRY_ASSIGN(const auto now,
                   workshop.git({"notes", "--ref=" + ref, "show", commit}, deadline));
  return now.ok();
}

}  // namespace

Result<bool> GitForge::do_report(const TargetConfig& target, const std::string&,
                                 const ProposalReport& report, const Deadline& deadline) {
  // Nobody looks at notes to see what is under way; that it has landed says the target itself.
  if (report.state == ProposalReport::State::pending) return false;
  const std::string ref(k_landing_notes), none(report.head.size(), '0');  // of SHA-256, too
  if (report.state == ProposalReport::State::landed) {
    CDCTL_TRY_ASSIGN(const bool other, has_note(host_, ref, target, report.head, deadline));
    if (!other) return false;
  }
  const auto text = note_text(report);
  const std::map<std::string, std::string> who{{"GIT_AUTHOR_NAME", "cdctl"},
                                               {"GIT_AUTHOR_EMAIL", host_.actor()},
                                               {"GIT_COMMITTER_NAME", "cdctl"},
                                               {"GIT_COMMITTER_EMAIL", host_.actor()}};
  for (int tries = 0; tries < 5; ++tries) {  // others write their notes, too
    CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
    CDCTL_TRY(check_not_symbolic(workshop.address(), ref, deadline));
    std::string before;
    if (auto fetched = workshop.fetch({ref}, deadline)) {
      const auto at = Workshop::there(ref);
      CDCTL_TRY_ASSIGN(before, workshop.output({"rev-parse", "--verify", at}, deadline));
      before = first_line(before);
      // Anybody who pushes can put there what has no notes in it: ours take its place.
      CDCTL_TRY_ASSIGN(const auto notes, workshop.tip(ref, deadline));
      CDCTL_TRY(workshop.output({"update-ref", ref, notes.empty() ? none : notes}, deadline));
    } else if (fetched.error().reason == Reason::not_there) {
      CDCTL_TRY(workshop.output({"update-ref", "-d", ref}, deadline));
    } else {
      return fail(std::move(fetched.error()));
    }
    CDCTL_TRY_ASSIGN(const auto now,
                     workshop.git({"notes", "--ref=" + ref, "show", report.head}, deadline));
    if (now.ok() && trimmed(now.out) == trimmed(text)) return false;
    CDCTL_TRY(workshop.output({"notes", "--ref=" + ref, "add", "-f", "-F", "-", report.head},
                              deadline, text, who));
    CDCTL_TRY_ASSIGN(const auto pushed,
                     workshop.git_out({"push", "--porcelain", "--quiet", "--no-verify",
                                       fmt::format("--force-with-lease={}:{}", ref, before), "--",
                                       workshop.address().url, ref + ":" + ref},
                                      deadline));
    if (pushed.ok()) return true;
    const auto said = read_push(pushed.out, pushed.err, false, ref);
    if (!said.answered) return fail(explain(pushed));
    if (!was_faster(said.why))
      return fail(ExitCode::refused,
                  fmt::format("the repository does not take the note: {}{}", said.why, said.words));
  }
  return fail(ExitCode::unknown, "others wrote their notes at the same time, five times");
}

namespace {

/// Whether a ref is where something lands: it is never cleared away, whatever a pattern says.
bool is_target(const Host& host, const TargetConfig& target, const std::string& ref) {
  const auto same = [&](const TargetConfig& one) { return ref == "refs/heads/" + one.branch; };
  return same(target) || std::ranges::any_of(host.config().targets, [&](const TargetConfig& one) {
           return one.repository == target.repository && same(one);
         });
}

}  // namespace

Result<bool> GitForge::do_clear(const TargetConfig& target, const std::string& id,
                                const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto names, proposal_refs(target));
  CDCTL_TRY(check_topic(id));
  if (is_target(host_, target, names.ref(id))) return false;
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host_, target, deadline));
  CDCTL_TRY_ASSIGN(auto listed,
                   listed_refs(workshop.address(), refs_of(target, names, id), deadline));
  auto& there = listed.ids;
  const auto votes = review_ref(target, id, "");
  std::erase_if(there, [&](const auto& one) {  // of the topic `id/…`
    return one.first.starts_with(votes) && one.first.find('/', votes.size()) != std::string::npos;
  });
  const auto branch = there.find(names.ref(id));
  if (there.empty() || (branch != there.end() && branch->second != head)) return false;
  CDCTL_TRY(check_removable(workshop.address(), listed, deadline));
  // Each as it was listed: what somebody has said since stays.
  CDCTL_TRY_ASSIGN(const auto pushed, remove_refs(workshop, there, deadline));
  if (pushed.ok()) return true;
  // Another lander may have been at it: what is gone is done.
  CDCTL_TRY_ASSIGN(auto left,
                   listed_refs(workshop.address(), refs_of(target, names, id), deadline));
  std::erase_if(left.ids, [&](const auto& one) { return !there.contains(one.first); });
  if (left.ids.empty()) return false;
  return fail(refused_push(pushed).in("removing what is left of the proposal"));
}

}  // namespace cdctl::git
