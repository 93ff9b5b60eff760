#include "core/land/land.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/begun.hpp"
#include "core/land/landing.hpp"
#include "core/land/seal.hpp"

namespace cdctl::land {

namespace {

/// One lander of a home at a time works on a target. Others need no lock: the target's own lease
/// decides between them.
Result<FileLock> lock_target(const app::Context& context, const std::string& target,
                             const Deadline& deadline) {
  const auto folder = context.home() / "land";
  CDCTL_TRY(make_directories(folder, 0700));
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(folder / (target + ".lock"), deadline));
  if (!lock)
    return fail(ExitCode::timeout, fmt::format("another lander of this home has been at work on {} "
                                               "for {}",
                                               target, deadline.given()));
  return std::move(*lock);
}

std::string key_of(const records::Candidate& candidate) {
  return fmt::format("{}\n{}\n{}", candidate.target, candidate.proposal, candidate.head);
}

}  // namespace

Result<> Lander::check() const { return check_trust(context_, "land", options_.trust_record); }

void Lander::recover() {
  if (options_.dry_run) return;
  const Begun begun(context_);
  for (const auto& candidates : begun.all()) {
    const auto* target = context_.config().target(candidates.front().target);
    if (!target || Stop::requested()) continue;
    const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
    if (!lock) {
      context_.report(lock.error());
      continue;
    }
    if (!begun.has(candidates)) continue;  // somebody else has finished it meanwhile
    auto options = options_;
    options.trust_record = true;  // it was looked at before it was begun
    if (!land_as_one(context_, look_, options, *target, candidates, true)) continue;
    for (const auto& one : candidates) recovered_.insert(key_of(one));
  }
}

void Lander::land(records::Candidate candidate) {
  if (candidate.batch.size() < 2) return land_all({std::move(candidate)});
  auto& members = batches_[candidate.target + "\n" + candidate.tip];
  const auto wanted = candidate.batch.size();
  const auto named = [&](const records::Candidate& one) {
    return one.proposal == candidate.proposal;
  };
  if (std::ranges::any_of(members, named)) return;  // a line that came twice is no other member
  members.push_back(std::move(candidate));
  if (members.size() < wanted) return;
  const auto whole = std::move(members);
  batches_.erase(whole.front().target + "\n" + whole.front().tip);
  land_all(whole);
}

void Lander::finish() {
  for (const auto& [tip, members] : std::exchange(batches_, {}))
    for (const auto& one : members) {
      const auto& all = one.batch;
      std::vector<std::string> missing;
      for (const auto& name : all)
        if (std::ranges::find(members, name, &records::Candidate::proposal) == members.end())
          missing.push_back(printable(name, 60));
      context_.report(
          {ExitCode::refused,
           fmt::format("{}: {}: it was tested with {}, which did not come: a batch lands "
                       "as a whole",
                       printable(one.target, 60), printable(one.proposal, 60), joined(missing))});
    }
}

void Lander::land_all(const std::vector<records::Candidate>& candidates) {
  // This run has verified anew what the one before had begun to push.
  if (std::ranges::all_of(candidates, [&](const records::Candidate& one) {
        return recovered_.contains(key_of(one));
      }))
    return;
  const auto& name = candidates.front().target;
  const auto* target = context_.config().target(name);
  if (!target)
    return context_.report({ExitCode::config, fmt::format("there is no target '{}' in targets.d",
                                                          printable(name, 60))});
  const auto lock = lock_target(context_, target->name, Deadline(options_.timeout));
  if (!lock) return context_.report(lock.error());
  (void)land_as_one(context_, look_, options_, *target, candidates, false);
}

}  // namespace cdctl::land
