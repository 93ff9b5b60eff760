#include "plugins/git/proposal_fetch.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/git_forge.hpp"
#include "plugins/git/proposal_refs.hpp"

namespace cdctl::git {

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

namespace {

/// A proposal, and all the refs that belong to it.
struct Unit {
  std::string ref;
  std::vector<std::string> refs;
};

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

class Halves {
 public:
  Halves(const Workshop& workshop, const Deadline& deadline)
      : workshop_(workshop), deadline_(deadline) {}

  /// What cannot be had with others is asked for without them. Each try has half of the time that
  /// is left, so that something endless leaves some for the rest.
  Result<> fetch(std::span<const Unit> units) {
    if (units.empty()) return {};
    std::vector<std::string> refs;
    for (const auto& unit : units) refs.insert(refs.end(), unit.refs.begin(), unit.refs.end());
    const auto done = workshop_.fetch(refs, deadline_.at_most(deadline_.left() / 2));
    if (done) return {};
    if (done.error().exit == ExitCode::interrupted || deadline_.passed()) return fail(done.error());
    if (units.size() == 1) {
      failed_.emplace(units.front().ref, done.error().what);
      return {};
    }
    CDCTL_TRY(fetch(units.first(units.size() / 2)));
    return fetch(units.subspan(units.size() / 2));
  }
  [[nodiscard]] std::map<std::string, std::string> failed() && { return std::move(failed_); }

 private:
  const Workshop& workshop_;
  const Deadline& deadline_;
  std::map<std::string, std::string> failed_;
};

/// The proposals of a target that there are. What belongs to none of them is not fetched.
Result<std::vector<Unit>> units_of(const TargetConfig& target, const RemoteRefs& listed) {
  CDCTL_TRY_ASSIGN(const auto names, proposal_refs(target));
  std::vector<Unit> out;
  const auto& ids = listed.ids;
  for (auto at = ids.lower_bound(names.prefix());
       at != ids.end() && at->first.starts_with(names.prefix()); ++at) {
    if (at->first == branch_ref(target)) continue;
    Unit unit{at->first, {at->first}};
    const auto topic = at->first.substr(names.prefix().size());
    const auto reviews = reviews_of(target) + topic + "/";
    for (auto one = ids.lower_bound(reviews); one != ids.end() && one->first.starts_with(reviews);
         ++one)
      unit.refs.push_back(one->first);
    if (ids.contains(notes_of(target) + topic)) unit.refs.push_back(notes_of(target) + topic);
    out.push_back(std::move(unit));
  }
  return out;
}

/// Forgets what we had of refs that are gone, or that could not be had.
Result<> forget_others(const Workshop& workshop, const std::vector<std::string>& wanted,
                       const RemoteRefs& listed, const std::set<std::string>& lost,
                       const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto here, workshop.refs(deadline));
  const auto ours = [&](const std::string& ref) {
    return std::ranges::any_of(wanted, [&](std::string_view pattern) {
      return pattern.ends_with('*') ? ref.starts_with(pattern.substr(0, pattern.size() - 1))
                                    : ref == pattern;
    });
  };
  std::string commands;
  for (const auto& [ref, is] : here)
    if (ours(ref) && (!listed.ids.contains(ref) || lost.contains(ref)))
      commands += fmt::format("delete {}\n", Workshop::there(ref));
  if (commands.empty()) return {};
  CDCTL_TRY(workshop.output({"update-ref", "--stdin"}, deadline, std::move(commands)));
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> fetch_proposals(
    const Workshop& workshop, std::span<const TargetConfig* const> targets,
    const RemoteRefs& listed, const Deadline& deadline) {
  const auto done = fetch_all(workshop, targets, deadline.at_most(deadline.left() / 2));
  if (done) return std::map<std::string, std::string>();
  if (done.error().exit == ExitCode::interrupted || deadline.passed()) return fail(done.error());
  std::vector<std::string> branches;
  std::vector<Unit> units;
  for (const auto* target : targets) {
    if (listed.ids.contains(branch_ref(*target))) branches.push_back(branch_ref(*target));
    CDCTL_TRY_ASSIGN(auto some, units_of(*target, listed));
    std::ranges::move(some, std::back_inserter(units));
  }
  // Whoever cannot be reached is told as that, and not of each proposal.
  if (!branches.empty()) CDCTL_TRY(workshop.fetch(branches, deadline));
  Halves halves(workshop, deadline);
  CDCTL_TRY(halves.fetch(units));
  auto failed = std::move(halves).failed();
  std::set<std::string> lost;
  for (const auto& unit : units)
    if (failed.contains(unit.ref)) lost.insert(unit.refs.begin(), unit.refs.end());
  CDCTL_TRY_ASSIGN(const auto wanted, wanted_refs(targets));
  CDCTL_TRY(forget_others(workshop, wanted, listed, lost, deadline));
  return failed;
}

}  // namespace cdctl::git
