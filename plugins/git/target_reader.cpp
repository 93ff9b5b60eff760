#include "plugins/git/target_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/landed_heads.hpp"
#include "plugins/git/proposal_commits.hpp"
#include "plugins/git/proposal_fetch.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/repository_name.hpp"
#include "plugins/git/review_tag.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_longest_tag = 64u << 10;  ///< what is longer is no review of ours
constexpr std::size_t k_most_after = 100;
constexpr std::size_t k_most_reviews = 20'000;     ///< tags of one proposal
constexpr std::size_t k_most_bytes = 64u << 20;    ///< of those
constexpr std::size_t k_most_told = 1000;          ///< reviews of one that count for nothing
constexpr std::size_t k_read_at_once = 16u << 20;  ///< bytes of tags

/// Reads what is proposed for one target out of what was fetched. What cannot be found out of one
/// proposal is that one's trouble: it is left out, for of a half no gate could tell who has said
/// no.
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
    std::erase_if(out, [&](const Proposal& one) { return left_out_.contains(one.id); });
    std::ranges::stable_sort(out, {}, [](const Proposal& proposal) {
      return std::pair(proposal.created.value_or(Time()), proposal.id);
    });
    return out;
  }
  /// The proposals that are missing in the answer, and why.
  [[nodiscard]] const std::map<std::string, std::string>& left_out() const { return left_out_; }
  /// Who signed the tags that counted.
  [[nodiscard]] Signers signers() && { return std::move(signers_); }

 private:
  using Named = std::pair<std::string, std::string>;  ///< the last part of a ref, and its id

  /// The refs of reviews of a proposal: whatever is a tag, and some of what is not, for people.
  /// Of several refs at one object the first.
  [[nodiscard]] std::vector<Named> reviews(const Proposal& of) const {
    const auto prefix = reviews_of(target_) + of.id + "/";
    std::vector<Named> out;
    std::set<std::string_view> seen;
    std::size_t others = 0;
    for (auto at = refs_.lower_bound(prefix); at != refs_.end() && at->first.starts_with(prefix);
         ++at) {
      auto who = at->first.substr(prefix.size());
      if (who.contains('/') || !seen.insert(at->second.id).second) continue;  // of `id/…`
      if (is_readable(at->second) || ++others <= k_most_told)
        out.emplace_back(std::move(who), at->second.id);
    }
    return out;
  }
  static bool is_readable(const Workshop::Ref& ref) {
    return ref.type == "tag" && ref.size <= k_longest_tag;
  }
  [[nodiscard]] const Workshop::Ref* note(const Proposal& of) const {
    const auto at = refs_.find(notes_of(target_) + of.id);
    return at == refs_.end() ? nullptr : &at->second;
  }

  void leave_out(const Proposal& one, const std::string& why) {
    left_out_.try_emplace(one.id, why);
  }

  /// All tags that belong to proposals, in few calls.
  Result<> read_tags(const std::vector<Proposal>& proposals) {
    std::vector<std::string> ids;
    std::map<std::string, std::size_t> sizes;
    for (const auto& [name, ref] : refs_)
      if (is_readable(ref)) sizes.emplace(ref.id, ref.size);
    const auto want = [&](const std::string& id) {
      if (sizes.contains(id) && texts_.emplace(id, std::string()).second) ids.push_back(id);
    };
    for (const auto& proposal : proposals) {
      if (const auto* about = note(proposal)) want(about->id);
      const auto all = reviews(proposal);
      std::size_t tags = 0, bytes = 0;
      for (const auto& [who, id] : all)
        if (const auto size = sizes.find(id); size != sizes.end()) {
          ++tags;
          bytes += size->second;
        }
      // Each that is not read could be somebody's no.
      if (tags > k_most_reviews || bytes > k_most_bytes)
        leave_out(proposal,
                  fmt::format("it has {} reviews of {} MiB, and more than {} or {} MiB nobody "
                              "reads: remove those under {}{}/ that are none",
                              tags, bytes >> 20, k_most_reviews, k_most_bytes >> 20,
                              reviews_of(target_), printable(proposal.id, 80)));
      else
        for (const auto& [who, id] : all) want(id);
    }
    for (std::size_t first = 0; first < ids.size();) {
      auto end = first;
      for (std::size_t bytes = 0; end < ids.size() && bytes <= k_read_at_once; ++end)
        bytes += sizes.at(ids[end]);
      const std::vector<std::string> some(ids.begin() + std::ptrdiff_t(first),
                                          ids.begin() + std::ptrdiff_t(end));
      CDCTL_TRY_ASSIGN(auto texts, workshop_.texts(some, deadline_));
      for (std::size_t i = 0; i < some.size(); ++i) texts_[some[i]] = std::move(texts[i]);
      first = end;
    }
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

  /// The commits of these, and of what they come after, that the target does not have.
  [[nodiscard]] Result<ProposalCommits> log_of(std::span<const Proposal> proposals,
                                               const std::set<std::string>& here,
                                               const std::string& base,
                                               const Deadline& deadline) const {
    if (proposals.empty()) return ProposalCommits();
    std::string asked = fmt::format("^{}\n", base);
    for (const auto& proposal : proposals) {
      asked += proposal.head + "\n";
      for (const auto& [topic, commit] : prerequisites(proposal))
        if (here.contains(commit)) asked += commit + "\n";
    }
    CDCTL_TRY_ASSIGN(const auto text, workshop_.output(ProposalCommits::words(), deadline, asked));
    return ProposalCommits::parse(text);
  }

  /// Who made each, what its newest commit says, and which of those before it have landed. Nothing
  /// that the target does not have: it is merged. All are asked about at once; where one of them is
  /// too much for that, each by itself.
  Result<> commits(std::vector<Proposal>& proposals, const std::string& base) {
    std::vector<std::string> before;
    for (const auto& proposal : proposals)
      for (const auto& [topic, commit] : prerequisites(proposal)) before.push_back(commit);
    CDCTL_TRY_ASSIGN(const auto here, workshop_.commits_among(before, deadline_));
    auto all = log_of(proposals, here, base, deadline_.at_most(deadline_.left() / 2));
    if (!all && deadline_.passed()) return fail(all.error());
    const Deadline end(deadline_.left() / 2);  // the rest is for their votes
    for (std::size_t i = 0; i < proposals.size(); ++i) {
      auto& proposal = proposals[i];
      const auto patience = end.at_most(end.left() / std::int64_t(proposals.size() - i));
      auto own = all ? Result<ProposalCommits>(ProposalCommits())
                     : log_of(std::span(&proposal, 1), here, base, share(proposals.size() - i));
      const auto read = own ? read_commits(proposal, all ? *all : *own, here, base, patience)
                            : fail(std::move(own.error()));
      if (!read) leave_out(proposal, "its commits cannot be read: " + read.error().what);
    }
    return {};
  }

  /// The time for one of so many that are left.
  [[nodiscard]] Deadline share(std::size_t left) const {
    return deadline_.at_most(deadline_.left() / std::int64_t(left + 1));
  }

  /// Of a commit that several come after it is asked once.
  Result<bool> landed_before(const std::string& commit, const std::string& base,
                             const Deadline& deadline) {
    if (const auto known = landed_.find(commit); known != landed_.end()) return known->second;
    CDCTL_TRY_ASSIGN(const bool landed,
                     has_landed(workshop_, commit, base, target_.method, deadline));
    landed_.emplace(commit, landed);
    return landed;
  }

  Result<> read_commits(Proposal& proposal, ProposalCommits& all, const std::set<std::string>& here,
                        const std::string& base, const Deadline& patience) {
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
        CDCTL_TRY_ASSIGN(landed, landed_before(commit, base, patience));
      }
      if (landed)
        state = Prerequisite::State::landed;
      else if (refs_.contains(asked_.names.ref(topic)))
        state = Prerequisite::State::open;
      proposal.after.push_back({topic, state});
    }
    return {};
  }

  /// A review as it was read; with the id of its tag, where it depends on who has signed it.
  using ReadVote = std::pair<Vote, std::string>;

  /// Reviews, the last of each who is known. What was said of an older head is told, and nobody
  /// asks who it was. Those are asked about first whose proposal has the fewest: whoever heaps them
  /// up waits for it alone, and what was found out stays so for the next run.
  Result<> votes(std::vector<Proposal>& proposals) {
    std::vector<std::vector<ReadVote>> read(proposals.size());
    std::vector<std::vector<SignedTag>> open(proposals.size());
    for (std::size_t i = 0; i < proposals.size(); ++i)
      if (!left_out_.contains(proposals[i].id)) read[i] = read_votes(proposals[i], open[i]);
    std::ranges::stable_sort(open, {}, [](const auto& some) { return some.size(); });
    std::vector<SignedTag> questions;
    std::set<std::string> asked;
    for (auto& some : open)
      for (auto& tag : some)
        if (asked.insert(tag.id).second) questions.push_back(std::move(tag));
    CDCTL_TRY_ASSIGN(auto answers, ask_signers(workshop_, asked_.trusted, questions,
                                               deadline_.at_most(deadline_.left() / 2)));
    signers_.merge(answers);
    for (std::size_t i = 0; i < proposals.size(); ++i) decide(proposals[i], read[i]);
    return {};
  }

  std::vector<ReadVote> read_votes(const Proposal& proposal, std::vector<SignedTag>& open) {
    std::vector<ReadVote> out;
    for (const auto& [who, id] : reviews(proposal)) {
      const auto tag = parse_tag(text_of(id));
      auto vote = vote_of(proposal, who, tag);
      const bool asks = vote.why.empty();
      out.emplace_back(std::move(vote), asks ? id : std::string());
      if (const auto known = known_.find(id); asks && known != known_.end())
        signers_.insert(*known);
      else if (asks)
        open.push_back({id, text_of(id), tag.signature, tag.payload});
    }
    return out;
  }

  void decide(Proposal& proposal, std::vector<ReadVote>& read) {
    std::ptrdiff_t unknown = 0;
    std::size_t told = 0;
    for (auto& [vote, id] : read) {
      const auto signer = signers_.find(id);
      if (!id.empty() && signer == signers_.end()) {
        ++unknown;
        continue;
      }
      if (!id.empty()) believe(proposal, vote, signer->second);
      // Whoever heaps up what counts for nothing makes no record too long for the next stage.
      if (vote.trusted || ++told <= k_most_told) keep_latest(proposal.votes, std::move(vote));
    }
    if (unknown > 0)
      leave_out(proposal, fmt::format("no time was left to check {} of its {} signatures; the next "
                                      "run goes on there",
                                      unknown, read.size()));
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
  std::map<std::string, std::string> left_out_;
  std::map<std::string, bool> landed_;  ///< prerequisites that were asked about
  Signers signers_;
};

}  // namespace

TargetReading read_target(const Workshop& workshop, const Asked& asked, const Refs& refs,
                          std::span<const std::string> mine, const Signers& known,
                          const Deadline& deadline) {
  TargetReader reader(workshop, asked, refs, known, deadline);
  auto proposals = reader.all(mine);
  auto left_out = reader.left_out();
  return {std::move(proposals), std::move(left_out), std::move(reader).signers()};
}

}  // namespace cdctl::git
