#include "plugins/git/proposal_list.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_forge.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/review_tag.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

namespace {

using Refs = std::map<std::string, Workshop::Ref>;

std::string branch_ref(const TargetConfig& target) { return "refs/heads/" + target.branch; }

/// `Alice <alice@example.com>`
Person person_of(std::string_view text) {
  const auto open = text.find('<'), close = text.rfind('>');
  if (open == text.npos || close == text.npos || close < open)
    return {std::string(trimmed(text)), {}};
  return {std::string(trimmed(text.substr(0, open))),
          std::string(trimmed(text.substr(open + 1, close - open - 1)))};
}

void add_person(std::vector<Person>& people, Person person) {
  if (std::ranges::find(people, person) == people.end()) people.push_back(std::move(person));
}

/// Reads what is proposed for one target out of what was fetched.
class TargetReader {
 public:
  TargetReader(const Host& host, const Workshop& workshop, const TargetConfig& target,
               const Refs& refs, const Deadline& deadline)
      : workshop_(workshop), target_(target), refs_(refs), deadline_(deadline) {
    const auto given = target.table["git"]["reviewers"].as_string();
    if (!given.empty()) signers_ = host.config().file.parent_path() / given;
  }

  Result<std::vector<Proposal>> all(std::span<const std::string> mine, const ProposalRefs& names) {
    const auto base = refs_.find(branch_ref(target_));
    if (base == refs_.end())
      return fail(ExitCode::unknown,
                  fmt::format("it has no branch {}: correct `branch`, or push it", target_.branch));
    if (!signers_.empty()) CDCTL_TRY(only_ours_to_write(signers_));
    std::vector<Proposal> out;
    for (const auto& ref : mine) {
      CDCTL_TRY_ASSIGN(auto proposal, one(ref, names, base->second.id));
      out.push_back(std::move(proposal));
    }
    std::ranges::stable_sort(out, {}, [](const Proposal& proposal) {
      return std::pair(proposal.created.value_or(Time()), proposal.id);
    });
    return out;
  }

 private:
  Result<Proposal> one(const std::string& ref, const ProposalRefs& names, const std::string& base) {
    Proposal out;
    out.target = target_.name;
    out.id = names.topic(ref).value_or(ref);
    out.kind = "git";
    out.ref = ref;
    out.head = refs_.at(ref).id;
    out.base = base;
    CDCTL_TRY(commits(out));
    CDCTL_TRY(votes(out));
    CDCTL_TRY(prerequisites(out, names));
    return out;
  }

  /// Who made it and what its newest commit says. Nothing that the target does not have: it is
  /// merged.
  Result<> commits(Proposal& out) {
    CDCTL_TRY_ASSIGN(
        const auto text,
        workshop_.output({"-c", "i18n.logOutputEncoding=UTF-8", "-c", "log.showSignature=false",
                          "log", "--topo-order",
                          "--format=%an <%ae>%x1f%(trailers:key=Co-authored-by,valueonly,"
                          "separator=%x1d)%x1f%ct%x1f%s%x1f%b%x1e",
                          "--end-of-options", out.base + ".." + out.head},
                         deadline_));
    out.merged = text.empty();
    bool first = true;
    for (auto commit : split(text, '\x1e')) {
      commit = commit.starts_with('\n') ? commit.substr(1) : commit;
      if (commit.empty()) continue;
      add_person(out.authors, person_of(take_until(commit, '\x1f')));
      for (const auto more : split(take_until(commit, '\x1f'), '\x1d'))
        if (!trimmed(more).empty()) add_person(out.authors, person_of(more));
      const auto time = take_until(commit, '\x1f');
      if (std::exchange(first, false)) {
        std::int64_t seconds = 0;
        std::from_chars(time.data(), time.data() + time.size(), seconds);
        out.created = Time(std::chrono::seconds(seconds));
        out.title = take_until(commit, '\x1f');
        out.description = trimmed(commit);
      }
    }
    return {};
  }

  /// Reviews, the last of each who is known. What was said of an older head is told, and nobody
  /// asks who it was.
  Result<> votes(Proposal& out) {
    const auto prefix = fmt::format("{}{}/{}/", k_reviews, target_.branch, out.id);
    std::vector<std::string> names, ids;
    for (auto at = refs_.lower_bound(prefix); at != refs_.end() && at->first.starts_with(prefix);
         ++at) {
      names.push_back(at->first.substr(prefix.size()));
      ids.push_back(at->second.id);
    }
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts(ids, deadline_));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (names[i].contains('/')) continue;  // of the topic `out.id/…`
      CDCTL_TRY_ASSIGN(auto vote, vote_of(out, names[i], ids[i], texts[i]));
      keep_latest(out.votes, std::move(vote));
    }
    return {};
  }

  static void keep_latest(std::vector<Vote>& votes, Vote vote) {
    const auto same = std::ranges::find_if(votes, [&](const Vote& other) {
      return other.trusted && vote.trusted && other.who == vote.who;
    });
    if (same == votes.end())
      votes.push_back(std::move(vote));
    else if (same->at <= vote.at)
      *same = std::move(vote);
  }

  Result<Vote> vote_of(const Proposal& proposal, const std::string& name, const std::string& id,
                       const std::string& text) {
    const auto tag = parse_tag(text);
    Vote out;
    out.who = name;
    out.value = tag.trailer("Review-vote");
    out.head = tag.object;
    out.at = tag.at;
    if (tag.type != "commit" || out.value.empty())
      out.why = "it is no tag that cdctl review made";
    else if (tag.trailer("Review-target") != target_.branch ||
             tag.trailer("Review-topic") != proposal.id)
      out.why =
          fmt::format("it is a review of {} for {}", printable(tag.trailer("Review-topic"), 60),
                      printable(tag.trailer("Review-target"), 60));
    else if (tag.object != proposal.head)
      out.why = "it is of an older head";
    else if (!tag.ssh_signed)
      out.why = "it is not signed by an SSH key";
    else if (signers_.empty())
      out.why = "the target's file names no git.reviewers";
    else
      CDCTL_TRY(ask_who(out, id));
    return out;
  }

  Result<> ask_who(Vote& vote, const std::string& id) {
    CDCTL_TRY_ASSIGN(
        const auto said,
        workshop_.git({"-c", "gpg.format=ssh", "-c", "gpg.ssh.program=ssh-keygen", "-c",
                       "gpg.ssh.allowedSignersFile=" + signers_.string(), "verify-tag", id},
                      deadline_));
    if (said.timed_out || said.interrupted)
      return fail(ExitCode::timeout, "no time was left to check a signature");
    if (said.err.contains("cannot run ssh-keygen") || said.err.contains("ssh-keygen: not found"))
      return fail(ExitCode::unknown, "checking a signature: ssh-keygen is not there; install it");
    const auto signer = good_signer(said.err);
    vote.trusted = said.ok() && !signer.empty();
    if (vote.trusted)
      vote.who = signer;
    else
      vote.why = "its key is not one of git.reviewers";
    return {};
  }

  /// `After: TOPIC COMMIT`: it is on the target once that commit is.
  Result<> prerequisites(Proposal& out, const ProposalRefs& names) {
    const auto at = refs_.find(fmt::format("{}{}/{}", k_notes_of, target_.branch, out.id));
    if (at == refs_.end()) return {};
    CDCTL_TRY_ASSIGN(const auto texts, workshop_.texts({at->second.id}, deadline_));
    const auto tag = parse_tag(texts.front());
    for (const auto& [name, value] : tag.trailers) {
      if (name != "After") continue;
      std::string_view commit = value;
      Prerequisite one;
      one.id = take_until(commit, ' ');
      CDCTL_TRY_ASSIGN(const bool known, workshop_.has(std::string(commit), deadline_));
      bool landed = false;
      if (known) {
        CDCTL_TRY_ASSIGN(landed, workshop_.is_ancestor(std::string(commit), out.base, deadline_));
      }
      if (landed)
        one.state = Prerequisite::State::landed;
      else if (refs_.contains(names.ref(one.id)))
        one.state = Prerequisite::State::open;
      out.after.push_back(std::move(one));
    }
    return {};
  }

  const Workshop& workshop_;
  const TargetConfig& target_;
  const Refs& refs_;
  const Deadline& deadline_;
  std::filesystem::path signers_;
};

/// The targets that are in one repository: those that are asked for, and all that are configured,
/// which say whose a branch is.
struct Group {
  std::vector<std::size_t> asked;  ///< places among the targets
  std::vector<const TargetConfig*> targets;
  std::vector<ProposalRefs> names;
};

void add_target(Group& group, const TargetConfig& target, const ProposalRefs& names) {
  const auto same = [&](const TargetConfig* other) { return other->name == target.name; };
  if (std::ranges::any_of(group.targets, same)) return;
  group.targets.push_back(&target);
  group.names.push_back(names);
}

/// One fetch for all. A branch that is not there concerns its own target alone.
Result<> fetch_all(const Workshop& workshop, const Group& group,
                   std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<std::string> wanted;
  for (const auto place : group.asked) {
    const auto& target = *targets[place];
    CDCTL_TRY_ASSIGN(const auto names, proposal_refs(target));
    wanted.insert(wanted.end(), {branch_ref(target), names.prefix() + "*",
                                 fmt::format("{}{}/*", k_reviews, target.branch),
                                 fmt::format("{}{}/*", k_notes_of, target.branch)});
  }
  std::ranges::sort(wanted);
  wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
  for (;;) {
    auto done = workshop.fetch(wanted, deadline);
    if (done || done.error().reason != Reason::not_there) return done;
    if (std::erase(wanted, done.error().what) == 0 || wanted.empty()) return done;
    // What we had of it is no answer any more.
    CDCTL_TRY(workshop.output({"update-ref", "-d", Workshop::there(done.error().what)}, deadline));
  }
}

Result<> read_group(const Host& host, const Group& group,
                    std::span<const TargetConfig* const> targets,
                    std::vector<Result<std::vector<Proposal>>>& out, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, *group.targets.front(), deadline));
  CDCTL_TRY(fetch_all(workshop, group, targets, deadline));
  CDCTL_TRY_ASSIGN(const auto refs, workshop.refs(deadline));
  std::vector<std::vector<std::string>> owned(group.targets.size());
  for (const auto& [name, ref] : refs) {
    const auto owner = owner_of(name, group.names);
    if (owner && ref.type == "commit") owned[*owner].push_back(name);
  }
  for (const auto place : group.asked) {
    const auto& target = *targets[place];
    const auto at = std::ranges::find(group.targets, target.name,
                                      [](const TargetConfig* other) { return other->name; });
    const auto index = static_cast<std::size_t>(at - group.targets.begin());
    out[place] =
        TargetReader(host, workshop, target, refs, deadline).all(owned[index], group.names[index]);
  }
  return {};
}

/// Two targets that mean the same branches would both land them.
Result<> check_apart(const Group& group) {
  for (std::size_t i = 0; i < group.names.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (group.names[i].prefix() == group.names[j].prefix())
        return fail(
            ExitCode::config,
            fmt::format("targets {} and {} mean the same proposals, {}TOPIC: give one of "
                        "them its own git.proposals",
                        group.targets[j]->name, group.targets[i]->name, group.names[i].prefix()));
  return {};
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> list_proposals(
    const Host& host, std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out(targets.size(), std::vector<Proposal>());
  std::map<std::string, Group> groups;
  const auto base = host.config().file.parent_path();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto address = parse_address(targets[i]->repository, base);
    const auto names = proposal_refs(*targets[i]);
    if (!address || !names) {
      out[i] = fail(address ? names.error() : address.error());
      continue;
    }
    groups[address->url].asked.push_back(i);
    add_target(groups[address->url], *targets[i], *names);
  }
  for (const auto& target : host.config().targets) {
    const auto address = parse_address(target.repository, base);
    const auto names = proposal_refs(target);
    if (!address || !names || target.forge != "git") continue;
    if (const auto group = groups.find(address->url); group != groups.end())
      add_target(group->second, target, *names);
  }
  for (const auto& [url, group] : groups) {
    auto done = check_apart(group);
    if (done) done = read_group(host, group, targets, out, deadline);
    if (done) continue;
    auto error = done.error();
    if (error.exit == ExitCode::failed) error.exit = ExitCode::unknown;
    for (const auto place : group.asked) out[place] = fail(error);
  }
  return out;
}

}  // namespace cdctl::git
