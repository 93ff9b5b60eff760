#include "core/land/last_look.hpp"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/land/freeze.hpp"
#include "core/land/gate.hpp"
#include "core/records/proposal.hpp"

namespace cdctl::land {

namespace {

constexpr std::chrono::seconds k_fresh(2);

/// What is said now of a proposal that was let through before.
std::optional<Objection> against(const records::Candidate& candidate,
                                 const records::Candidate& now) {
  using enum Objection::Kind;
  if (now.verdict == "merged") return {};  // the push finds out how
  if (now.head != candidate.head)
    return Objection{moved, fmt::format("it is not at {} any more: what was verified is not what "
                                        "is proposed",
                                        candidate.head)};
  if (now.verdict == "ready") return {};
  return Objection{waits, fmt::format("the gate lets it through no more: {}", now.why)};
}

}  // namespace

Result<const LastLook::Seen*> LastLook::look(const TargetConfig& target, const Deadline& deadline) {
  const auto before = seen_.find(target.name);
  if (before != seen_.end() && Clock::now() - before->second.at < k_fresh) return &before->second;
  Seen fresh{Clock::now(), {}};
  CDCTL_TRY_ASSIGN(auto* const forge, context_.forge(target.forge));
  const auto* const one = &target;
  auto answers = forge->proposals(std::span(&one, 1), deadline);
  if (!answers.front()) return fail(answers.front().error().in("asking once more who may land"));
  std::vector<records::Proposal> proposals;
  for (const auto& proposal : *answers.front())
    proposals.push_back(records::proposal_record(proposal));
  CDCTL_TRY_ASSIGN(auto judged, judge(target, proposals));
  for (auto& candidate : judged) {
    auto name = candidate.proposal;
    fresh.judged.emplace(std::move(name), std::move(candidate));
  }
  return &(seen_[target.name] = std::move(fresh));
}

Result<bool> LastLook::contained(const TargetConfig& target, const records::Candidate& candidate,
                                 const Deadline& deadline) {
  seen_.erase(target.name);  // somebody may have landed it since
  CDCTL_TRY_ASSIGN(const auto as_now, read_again(context_, target));
  CDCTL_TRY_ASSIGN(const auto* const seen, look(as_now, deadline));
  const auto now = seen->judged.find(candidate.proposal);
  return now != seen->judged.end() && now->second.verdict == "merged" &&
         now->second.head == candidate.head;
}

Result<std::optional<Objection>> LastLook::objection(
    const TargetConfig& target, const std::vector<records::Candidate>& candidates,
    const Deadline& deadline) {
  using enum Objection::Kind;
  CDCTL_TRY_ASSIGN(const auto as_now, read_again(context_, target));
  CDCTL_TRY_ASSIGN(const auto held, land::frozen(context_, as_now, deadline));
  if (!held.empty()) return Objection{frozen, "frozen: " + held};
  CDCTL_TRY_ASSIGN(const auto* const seen, look(as_now, deadline));
  for (const auto& candidate : candidates) {
    const auto now = seen->judged.find(candidate.proposal);
    if (now != seen->judged.end() && now->second.verdict == "deferred")
      return fail(ExitCode::unknown, fmt::format("asking once more who may land: {}: {}",
                                                 candidate.proposal, now->second.why));
    auto said = now == seen->judged.end()
                    ? std::optional(Objection{gone, "it is not proposed any more"})
                    : against(candidate, now->second);
    if (!said) continue;
    if (candidates.size() > 1) said->why = fmt::format("{}: {}", candidate.proposal, said->why);
    return said;
  }
  return std::optional<Objection>();
}

}  // namespace cdctl::land
