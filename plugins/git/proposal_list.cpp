#include "plugins/git/proposal_list.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_forge.hpp"
#include "plugins/git/landed_heads.hpp"
#include "plugins/git/proposal_commits.hpp"
#include "plugins/git/proposal_memory.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/remote_refs.hpp"
#include "plugins/git/repository_name.hpp"
#include "plugins/git/review_tag.hpp"
#include "plugins/git/signatures.hpp"
#include "plugins/git/workshop.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

using Refs = std::map<std::string, Workshop::Ref>;

constexpr std::size_t k_longest_tag = 64u << 10;  ///< what is longer is no review of ours
constexpr std::size_t k_most_after = 100;

std::string branch_ref(const TargetConfig& target) { return "refs/heads/" + target.branch; }
std::string reviews_of(const TargetConfig& target) {
  return fmt::format("{}{}/", k_reviews, target.branch);
}
std::string notes_of(const TargetConfig& target) {
  return fmt::format("{}{}/", k_notes_of, target.branch);
}

Error no_branch(const TargetConfig& target) {
  return {ExitCode::unknown, fmt::format("{} has no branch {}: correct `branch`, or push it",
                                         without_user(target.repository), target.branch)};
}

/// A target, and whose word counts on it.
struct Asked {
  const TargetConfig* target = nullptr;
  ProposalRefs names;
  Trusted trusted;
  Reviewers reviewers;
  std::string digest;  ///< of the files that say whom to trust, and of the repository's names
  Address repository;
  std::vector<Address> known_as;
};

Result<Asked> read_asked(const Host& host, const TargetConfig& target, ProposalRefs names) {
  Asked out{&target, std::move(names), {}, {}, {}, {}, {}};
  const auto folder = host.config().file.parent_path();
  const auto text_of = [&](const char* key, fs::path& path) -> Result<std::string> {
    const auto given = target.table["git"][key].as_string();
    if (given.empty()) return std::string();
    path = folder / given;
    const auto named = [&](const Error& error) { return error.in(fmt::format("git.{}", key)); };
    if (const auto ours = only_ours_to_write(path); !ours) return fail(named(ours.error()));
    auto text = read_file(path);
    if (!text) return fail(ExitCode::config, named(text.error()).what);
    return text;
  };
  CDCTL_TRY_ASSIGN(out.repository, parse_address(target.repository, folder));
  for (const auto& other : target.table["git"]["known_as"].items()) {
    auto address = parse_address(other.view(), folder);
    if (!address) return fail(address.error().in("git.known_as"));
    out.known_as.push_back(std::move(*address));
  }
  CDCTL_TRY_ASSIGN(const auto reviewers, text_of("reviewers", out.trusted.reviewers));
  CDCTL_TRY_ASSIGN(const auto keyring, text_of("keyring", out.trusted.keyring));
  out.reviewers = Reviewers::parse(reviewers);
  // A key of a keyring may run out: what it has signed is asked about once a day.
  const auto day = keyring.empty() ? std::string() : to_rfc3339(now()).substr(0, 10);
  out.digest = sha256_hex(
      Json::strings({out.trusted.reviewers.string(), reviewers, out.trusted.keyring.string(),
                     sha256_hex(keyring), day, repository_name(out.repository),
                     target.table["git"]["known_as"].canonical()})
          .canonical());
  return out;
}

/// Reads what is proposed for one target out of what was fetched.
class TargetReader {
 public:
  TargetReader(const Workshop& workshop, const Asked& asked, const Refs& refs, const Signers& known,
               const Deadline& deadline)
      : workshop_(workshop),
        asked_(asked),
        target_(*asked.target),
        refs_(refs),
        known_(known),
        deadline_(deadline) {}

  Result<std::vector<Proposal>> all(std::span<const std::string> mine) {
    const auto base = refs_.find(branch_ref(target_));
    if (base == refs_.end()) return fail(no_branch(target_));
    std::vector<Proposal> out;
    for (const auto& ref : mine) {
      auto& one = out.emplace_back();
      one.target = target_.name;
      one.id = asked_.names.topic(ref).value_or(ref);
      one.kind = "git";
      one.ref = ref;
      one.head = refs_.at(ref).id;
      one.base = base->second.id;
    }
    CDCTL_TRY(read_tags(out));
    CDCTL_TRY(commits(out, base->second.id));
    CDCTL_TRY(votes(out));
    std::ranges::stable_sort(out, {}, [](const Proposal& proposal) {
      return std::pair(proposal.created.value_or(Time()), proposal.id);
    });
    return out;
  }
  /// Who signed the tags that counted.
  [[nodiscard]] Signers signers() && { return std::move(signers_); }

 private:
  using Named = std::pair<std::string, std::string>;  ///< the last part of a ref, and its id

  /// The refs of reviews of a proposal.
  [[nodiscard]] std::vector<Named> reviews(const Proposal& of) const {
    const auto prefix = reviews_of(target_) + of.id + "/";
    std::vector<Named> out;
    for (auto at = refs_.lower_bound(prefix); at != refs_.end() && at->first.starts_with(prefix);
         ++at) {
      auto who = at->first.substr(prefix.size());
      if (!who.contains('/')) out.emplace_back(std::move(who), at->second.id);  // else of `id/…`
    }
    return out;
  }
  [[nodiscard]] const Workshop::Ref* note(const Proposal& of) const {
    const auto at = refs_.find(notes_of(target_) + of.id);
    return at == refs_.end() ? nullptr : &at->second;
  }

  /// All tags that belong to proposals, in one call.
  Result<> read_tags(const std::vector<Proposal>& proposals) {
    std::vector<std::string> ids;
    std::map<std::string, std::size_t> sizes;
    for (const auto& [name, ref] : refs_)
      if (ref.type == "tag" && ref.size <= k_longest_tag) sizes.emplace(ref.id, ref.size);
    const auto want = [&](const std::string& id) {
      if (sizes.contains(id) && texts_.emplace(id, std::string()).second) ids.push_back(id);
    };
    for (const auto& proposal : proposals) {
      for (const auto& [who, id] : reviews(proposal)) want(id);
      if (const auto* about = note(proposal)) want(about->id);
    }
    CDCTL_TRY_ASSIGN(auto texts, workshop_.texts(ids, deadline_));
    for (std::size_t i = 0; i < ids.size(); ++i) texts_[ids[i]] = std::move(texts[i]);
    return {};
  }
  [[nodiscard]] const std::string& text_of(const std::string& id) const {
    static const std::string k_none;
    const auto at = texts_.find(id);
    return at == texts_.end() ? k_none : at->second;
  }

  /// `After: TOPIC COMMIT`: it is on the target once that commit is.
  [[nodiscard]] std::vector<Named> prerequisites(const Proposal& of) const {
    std::vector<Named> out;
    const auto* about = note(of);
    if (!about) return out;
    for (const auto& [name, value] : parse_tag(text_of(about->id)).trailers) {
      std::string_view commit = value;
      const auto topic = take_until(commit, ' ');
      if (name == "After" && out.size() < k_most_after) out.emplace_back(topic, commit);
    }
    return out;
  }

  /// Who made each, what its newest commit says, and which of those before it have landed. Nothing
  /// that the target does not have: it is merged.
  Result<> commits(std::vector<Proposal>& proposals, const std::string& base) {
    std::vector<std::string> before;
    for (const auto& proposal : proposals)
      for (const auto& [topic, commit] : prerequisites(proposal)) before.push_back(commit);
    CDCTL_TRY_ASSIGN(const auto here, workshop_.commits_among(before, deadline_));
    std::string asked = fmt::format("^{}\n", base);
    for (const auto& proposal : proposals) asked += proposal.head + "\n";
    for (const auto& commit : here) asked += commit + "\n";
    ProposalCommits all;
    if (!proposals.empty()) {
      CDCTL_TRY_ASSIGN(const auto text,
                       workshop_.output(ProposalCommits::words(), deadline_, asked));
      CDCTL_TRY_ASSIGN(all, ProposalCommits::parse(text));
    }
    for (auto& proposal : proposals) {
      const auto own = all.of(proposal.head);
      proposal.merged = own.empty();
      for (const auto* commit : own)
        for (const auto& person : commit->people)
          if (std::ranges::find(proposal.authors, person) == proposal.authors.end())
            proposal.authors.push_back(person);
      if (!own.empty()) {
        // Whose it is first of all stands last, whatever else is by them and whom they name.
        if (const auto& first = own.back()->people; !first.empty()) {
          std::erase(proposal.authors, first.front());
          proposal.authors.push_back(first.front());
        }
        proposal.title = own.front()->title;
        proposal.description = own.front()->description;
        proposal.created = own.front()->at;
      }
      for (const auto& [topic, commit] : prerequisites(proposal)) {
        auto state = Prerequisite::State::gone;
        bool landed = here.contains(commit) && !all.has(commit);
        if (!landed && target_.method != MergeMethod::merge) {
          CDCTL_TRY_ASSIGN(landed, has_landed(workshop_, commit, base, target_.method, deadline_));
        }
        if (landed)
          state = Prerequisite::State::landed;
        else if (refs_.contains(asked_.names.ref(topic)))
          state = Prerequisite::State::open;
        proposal.after.push_back({topic, state});
      }
    }
    return {};
  }

  /// Reviews, the last of each who is known. What was said of an older head is told, and nobody
  /// asks who it was.
  Result<> votes(std::vector<Proposal>& proposals) {
    std::vector<SignedTag> questions;
    std::vector<std::vector<std::pair<Vote, std::string>>> read(proposals.size());
    for (std::size_t i = 0; i < proposals.size(); ++i)
      for (const auto& [who, id] : reviews(proposals[i])) {
        const auto tag = parse_tag(text_of(id));
        auto vote = vote_of(proposals[i], who, tag);
        const bool open = vote.why.empty();
        read[i].emplace_back(std::move(vote), open ? id : std::string());
        if (const auto known = known_.find(id); open && known != known_.end())
          signers_.insert(*known);
        else if (open)
          questions.push_back({id, text_of(id), tag.signature, tag.payload});
      }
    CDCTL_TRY_ASSIGN(auto answers, ask_signers(workshop_, asked_.trusted, questions, deadline_));
    signers_.merge(answers);
    for (std::size_t i = 0; i < proposals.size(); ++i)
      for (auto& [vote, id] : read[i]) {
        if (!id.empty()) believe(proposals[i], vote, signers_.at(id));
        keep_latest(proposals[i].votes, std::move(vote));
      }
    return {};
  }

  void believe(const Proposal& proposal, Vote& vote, const Signer& signer) const {
    vote.why = signer.why;
    if (signer.who.empty()) return;
    vote.who = asked_.reviewers.names_of(signer.who).front();
    if (const auto own = asked_.reviewers.among(signer.who, proposal.authors); !own.empty())
      vote.why = fmt::format("an author's own ({})", printable(own, 80));
    vote.trusted = vote.why.empty();
  }

  /// What is said, and why it does not count whoever has said it.
  Vote vote_of(const Proposal& proposal, const std::string& name, const TagText& tag) const {
    Vote out;
    out.who = name;
    out.value = tag.trailer("Review-vote");
    out.head = tag.object;
    out.at = tag.at;
    const auto target = tag.trailer("Review-target"), topic = tag.trailer("Review-topic");
    if (tag.type != "commit" || out.value.empty())
      out.why = "it is no tag that cdctl review made";
    else if (target != target_.branch || topic != proposal.id)
      out.why =
          fmt::format("it is a review of {} for {}", printable(topic, 60), printable(target, 60));
    else if (auto why = why_elsewhere(tag.trailer("Review-repository"), asked_.repository,
                                      asked_.known_as);
             !why.empty())
      out.why = std::move(why);
    else if (tag.object != proposal.head)
      out.why = "it is of an older head";
    else if (tag.signature == TagText::Signature::none)
      out.why = "it is not signed by an SSH or OpenPGP key";
    return out;
  }

  const Workshop& workshop_;
  const Asked& asked_;
  const TargetConfig& target_;
  const Refs& refs_;
  const Signers& known_;
  const Deadline& deadline_;
  std::map<std::string, std::string> texts_;
  Signers signers_;
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

/// All that is read of these targets, as patterns.
Result<std::vector<std::string>> wanted_refs(std::span<const TargetConfig* const> targets) {
  std::vector<std::string> out;
  for (const auto* target : targets) {
    CDCTL_TRY_ASSIGN(const auto names, proposal_refs(*target));
    out.insert(out.end(), {branch_ref(*target), names.prefix() + "*", reviews_of(*target) + "*",
                           notes_of(*target) + "*"});
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

/// One fetch for all. A branch that is not there concerns its own target alone.
Result<> fetch_all(const Workshop& workshop, std::span<const TargetConfig* const> targets,
                   const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto wanted, wanted_refs(targets));
  for (;;) {
    auto done = workshop.fetch(wanted, deadline);
    if (done || done.error().reason != Reason::not_there) return done;
    if (std::erase(wanted, done.error().what) == 0 || wanted.empty()) return done;
    // What we had of it is no answer any more.
    CDCTL_TRY(workshop.output({"update-ref", "-d", Workshop::there(done.error().what)}, deadline));
  }
}

/// What the proposals of a target follow from: its own refs, whose branches are whose, and whom it
/// trusts. The ids of objects say the rest.
template <class Listing, class Id>
std::string key_of(const Asked& asked, const Group& group, const Listing& refs, Id id_of) {
  const auto& target = *asked.target;
  const std::array prefixes{asked.names.prefix(), reviews_of(target), notes_of(target)};
  std::string out = "proposals 2\n";
  for (const auto& [name, ref] : refs)
    if (name == branch_ref(target) ||
        std::ranges::any_of(prefixes, [&](const auto& prefix) { return name.starts_with(prefix); }))
      out += fmt::format("{} {}\n", name, id_of(ref));
  std::vector<std::string> others;
  for (std::size_t i = 0; i < group.targets.size(); ++i)
    others.push_back(branch_ref(*group.targets[i]) + " " + group.names[i].prefix());
  std::ranges::sort(others);
  return sha256_hex(out + joined(others, "\n") + "\n" + target.name + "\n" + asked.digest);
}

fs::path memory_file(const Host& host, const Address& address, const TargetConfig& target) {
  return Workshop::folder(host, address).string() + ".proposals/" + target.name + ".json";
}

/// The branches that are proposals, by the place of the target whose they are. A target's own
/// branch is none, whatever pattern it fits.
std::vector<std::vector<std::string>> proposals_in(const Refs& refs, const Group& group) {
  std::vector<std::vector<std::string>> out(group.targets.size());
  for (const auto& [name, ref] : refs) {
    const auto is_target = [&](const TargetConfig* target) { return branch_ref(*target) == name; };
    const auto owner = owner_of(name, group.names);
    if (owner && ref.type == "commit" && std::ranges::none_of(group.targets, is_target) &&
        check_topic(*group.names[*owner].topic(name)))
      out[*owner].push_back(name);
  }
  return out;
}

/// A branch that somebody has pushed past `cdctl propose`, under a name that nobody could review.
void warn_of_names(Host& host, const Asked& asked, const std::map<std::string, std::string>& refs) {
  std::vector<std::string> bad;
  for (auto at = refs.lower_bound(asked.names.prefix()); at != refs.end(); ++at) {
    const auto topic = asked.names.topic(at->first);
    if (!topic) break;
    if (!check_topic(*topic)) bad.push_back(at->first);
  }
  if (!bad.empty())
    host.log(
        Level::warning,
        fmt::format("{}: {} of the repository {} no proposal, for {} name: {}", asked.target->name,
                    plural(std::ssize(bad), "branch", "branches"), bad.size() == 1 ? "is" : "are",
                    bad.size() == 1 ? "its" : "their", printable(bad.front(), 120)));
}

/// One that has to be read anew, and its place among the answers.
struct Open {
  std::size_t place = 0;
  Asked asked;
  ProposalMemory memory;
};

Result<> read_anew(Host& host, const Group& group, std::vector<Open> open,
                   std::vector<Result<std::vector<Proposal>>>& out, const Deadline& deadline) {
  std::vector<const TargetConfig*> targets;
  for (const auto& one : open) targets.push_back(one.asked.target);
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, *targets.front(), deadline));
  CDCTL_TRY(fetch_all(workshop, targets, deadline));
  CDCTL_TRY_ASSIGN(const auto refs, workshop.refs(deadline));
  const auto owned = proposals_in(refs, group);
  for (auto& one : open) {
    const auto at = std::ranges::find(group.targets, one.asked.target->name,
                                      [](const TargetConfig* other) { return other->name; });
    auto& memory = one.memory;
    if (memory.trusted != one.asked.digest) memory.signers.clear();
    TargetReader reader(workshop, one.asked, refs, memory.signers, deadline);
    auto& answer = out[one.place];
    answer = reader.all(owned[static_cast<std::size_t>(at - group.targets.begin())]);
    if (!answer) continue;
    memory.key = key_of(one.asked, group, refs, [](const auto& ref) { return ref.id; });
    memory.proposals = *answer;
    memory.trusted = one.asked.digest;
    memory.signers = std::move(reader).signers();
    // Whoever cannot write it down asks again.
    (void)memory.write(memory_file(host, workshop.address(), *one.asked.target));
  }
  return {};
}

Result<> read_group(Host& host, const Group& group, std::span<const TargetConfig* const> targets,
                    std::vector<Result<std::vector<Proposal>>>& out, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, parse_address(group.targets.front()->repository,
                                                     host.config().file.parent_path()));
  std::vector<const TargetConfig*> asked_of;
  for (const auto place : group.asked) asked_of.push_back(targets[place]);
  CDCTL_TRY_ASSIGN(const auto wanted, wanted_refs(asked_of));
  CDCTL_TRY_ASSIGN(const auto listed, listed_refs(address, wanted, deadline));
  std::vector<Open> open;
  for (const auto place : group.asked) {
    const auto& target = *targets[place];
    CDCTL_TRY_ASSIGN(auto names, proposal_refs(target));
    auto asked = read_asked(host, target, std::move(names));
    if (!asked || !listed.contains(branch_ref(target))) {
      out[place] = fail(asked ? no_branch(target) : std::move(asked.error()));
      continue;
    }
    warn_of_names(host, *asked, listed);
    auto memory = ProposalMemory::read(memory_file(host, address, target));
    if (memory.key == key_of(*asked, group, listed, [](const auto& id) { return id; }))
      out[place] = std::move(memory.proposals);
    else
      open.push_back({place, std::move(*asked), std::move(memory)});
  }
  return open.empty() ? Result<>() : read_anew(host, group, std::move(open), out, deadline);
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
    Host& host, std::span<const TargetConfig* const> targets, const Deadline& deadline) {
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
