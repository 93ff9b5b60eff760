#include "core/land/gate.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/land/message.hpp"
#include "core/land/unread.hpp"
#include "core/land/votes.hpp"

namespace cdctl::land {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

bool is_author(const records::ProposalMembers& proposal, std::string_view who) {
  return std::ranges::any_of(proposal.authors, [&](const records::PersonMember& author) {
    return lower(author.email) == lower(who) || (!author.name.empty() && author.name == who);
  });
}

/// Why a vote does not count; empty when it does.
std::string not_counted(const records::ProposalMembers& proposal, const records::VoteMember& vote) {
  if (vote.head.empty() && !vote.why.empty()) return vote.why;  // nobody can tell of which it is
  if (vote.head != proposal.head) return "of an older head";
  if (!vote.trusted) return vote.why.empty() ? std::string("nobody vouches for it") : vote.why;
  if (is_author(proposal, vote.who)) return "an author's own";
  return {};
}

class Gate {
 public:
  Gate(const TargetConfig& target, VotePolicy policy, const GateOptions& options)
      : target_(target), policy_(std::move(policy)), options_(options) {}

  std::vector<records::Candidate> judge(const std::vector<records::Proposal>& proposals) {
    for (const auto& proposal : proposals) {
      auto& candidate = all_.emplace_back(records::candidate_of(proposal));
      places_.emplace(proposal.proposal, all_.size() - 1);
      look(candidate);
    }
    find_first();
    order();
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (all_[i].verdict.empty()) hold_back(i);
    if (!options_.frozen.empty())
      for (const auto place : ready_) say(all_[place], "waiting", "frozen: " + options_.frozen);
    std::vector<records::Candidate> out;
    for (const auto place : ready_) out.push_back(std::move(all_[place]));
    for (auto& candidate : all_)
      if (!candidate.target.empty()) out.push_back(std::move(candidate));
    return out;
  }

 private:
  static void say(records::Candidate& candidate, std::string_view verdict, std::string why) {
    candidate.verdict = verdict;
    candidate.why = std::move(why);
  }

  /// What does not depend on others. A verdict that stays empty: only prerequisites are left.
  void look(records::Candidate& candidate) {
    if (candidate.merged) return say(candidate, "merged", target_.branch + " has it already");
    if (candidate.draft) return say(candidate, "waiting", "hold: it is a draft");
    if (const auto label = std::ranges::find_first_of(candidate.labels, target_.hold);
        label != candidate.labels.end())
      return say(candidate, "waiting", "hold: label " + printable(*label, 60));
    if (const auto* unread = unread_in(candidate))
      return say(candidate, "deferred",
                 "could not ask what was said of it: " + printable(unread->why, 300));
    VoteCounts counts;
    std::vector<std::string> others;
    for (const auto& vote : candidate.votes) {
      const auto value = vote_of(vote.value);
      const auto why = value.empty() ? "no vote that is known" : not_counted(candidate, vote);
      if (!why.empty()) {
        others.push_back(fmt::format("{} of {}: {}", printable(vote.value, 40),
                                     printable(vote.who, 80), printable(why, 120)));
        continue;
      }
      ++counts[value];
      if (value == "Approve") candidate.reviewers.push_back(vote.who);
    }
    if (const auto missing = policy_.missing(counts); !missing.empty())
      return say(candidate, "waiting",
                 fmt::format("votes: {}{}{}", missing,
                             others.empty() ? "" : "; not counted: ", joined(others)));
    for (const auto& author : candidate.authors)
      if (!may_contribute(author.email))
        return say(candidate, "rejected",
                   fmt::format("contributors: {} is none of the target's",
                               printable(author.email.empty() ? author.name : author.email, 80)));
  }

  bool may_contribute(const std::string& email) const {
    return target_.contributors.empty() ||
           std::ranges::any_of(target_.contributors, [&](const std::string& pattern) {
             return glob_match(lower(pattern), lower(email));
           });
  }

  std::size_t place_of(const std::string& proposal) const {
    const auto at = places_.find(proposal);
    return at == places_.end() ? all_.size() : at->second;
  }

  bool may_follow(const records::Candidate& candidate) const {
    return std::ranges::all_of(candidate.after,
                               [&](const records::PrerequisiteMember& one) { return passed(one); });
  }

  /// Those of the fast lane, and what has to land before them.
  void find_first() {
    if (options_.first.empty()) return;
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (std::ranges::find(all_[i].labels, options_.first) != all_[i].labels.end()) mark_first(i);
  }

  void mark_first(std::size_t place) {
    if (!first_.insert(place).second) return;
    for (const auto& one : all_[place].after)
      if (const auto other = place_of(one.proposal); other < all_.size()) mark_first(other);
  }

  bool add_next(bool first) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (first != first_.contains(i) || !all_[i].verdict.empty() || !may_follow(all_[i])) continue;
      all_[i].verdict = "ready";
      ready_.push_back(i);
      return true;
    }
    return false;
  }

  /// The next is always the first that can be, those of the fast lane before the others.
  void order() {
    while (add_next(true) || add_next(false)) {
    }
  }

  /// What is left has a prerequisite that is missing, waits, or comes after it.
  void hold_back(std::size_t place) {
    auto& candidate = all_[place];
    std::vector<std::size_t> path{place};
    while (true) {
      const auto& last = all_[path.back()];
      const auto blocking = std::ranges::find_if(
          last.after, [&](const records::PrerequisiteMember& one) { return !passed(one); });
      if (blocking == last.after.end()) break;
      const auto next = place_of(blocking->proposal);
      if (next == all_.size())
        return say(
            candidate, "waiting",
            fmt::format("prerequisite: {} is {}", blocking->proposal,
                        blocking->state == "open" ? "proposed, and was not asked about"
                                                  : "neither proposed nor on " + target_.branch));
      if (!all_[next].verdict.empty() && all_[next].verdict != "ready" && !held_.contains(next))
        return say(candidate, "waiting",
                   fmt::format("prerequisite: {} is {}: {}", all_[next].proposal,
                               all_[next].verdict, all_[next].why));
      if (const auto seen = std::ranges::find(path, next); seen != path.end()) {
        held_.insert(place);
        return say(candidate, "waiting", "prerequisite: a circle: " + names(path, seen, next));
      }
      path.push_back(next);
    }
    say(candidate, "waiting", "prerequisite: not settled");
  }

  bool passed(const records::PrerequisiteMember& one) const {
    const auto place = place_of(one.proposal);
    return one.state == "landed" || (place < all_.size() && (all_[place].verdict == "ready" ||
                                                             all_[place].verdict == "merged"));
  }

  std::string names(const std::vector<std::size_t>& path,
                    std::vector<std::size_t>::const_iterator from, std::size_t last) const {
    std::string out;
    for (auto at = from; at != path.end(); ++at) out += all_[*at].proposal + " after ";
    return out + all_[last].proposal;
  }

  const TargetConfig& target_;
  VotePolicy policy_;
  const GateOptions& options_;
  std::vector<records::Candidate> all_;
  std::map<std::string, std::size_t> places_;
  std::vector<std::size_t> ready_;
  std::set<std::size_t> first_;
  std::set<std::size_t> held_;  ///< of a circle: another of it is named by its own way round
};

}  // namespace

Result<std::vector<records::Candidate>> judge(const TargetConfig& target,
                                              const std::vector<records::Proposal>& proposals,
                                              const GateOptions& options) {
  CDCTL_TRY_ASSIGN(auto policy, VotePolicy::parse(target.votes));
  CDCTL_TRY(check_message(target.message));
  return Gate(target, std::move(policy), options).judge(proposals);
}

}  // namespace cdctl::land
