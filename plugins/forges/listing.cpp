#include "plugins/forges/listing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::forges {

namespace {

constexpr std::size_t k_most_digits = 18;         ///< of a number that anything has
constexpr std::string_view k_unread = "Unknown";  ///< what the gate knows a mark by

const Vote* mark_of(const Proposal& proposal) {
  const auto at = std::ranges::find_if(
      proposal.votes, [](const Vote& vote) { return vote.who.empty() && vote.value == k_unread; });
  return at == proposal.votes.end() ? nullptr : &*at;
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> Listing::read() {
  std::vector<Result<std::vector<Proposal>>> out;
  const auto opened = open();
  for (const auto* target : targets_)
    out.push_back(opened ? all_of(*target) : Result<std::vector<Proposal>>(fail(opened.error())));
  return out;
}

bool Listing::is_wanted(std::string_view base) const {
  return std::ranges::any_of(targets_,
                             [&](const TargetConfig* target) { return base == target->branch; });
}

bool Listing::is_whole(const ChangeRequest& change) {
  const bool number = !change.id.empty() && change.id != "0" &&
                      change.id.find_first_not_of("0123456789") == change.id.npos;
  if (number && !change.head.empty()) return true;
  const auto what = server_.words().change;
  left_out_ =
      number ? fmt::format("{} does not tell the head of {} {}", server_.name(), what, change.id)
             : fmt::format("{} does not tell the number of a {}", server_.name(), what);
  server_.host().log(Level::warning,
                     fmt::format("{}: {}: it is left out", printable(change.base, 60), left_out_));
  return false;
}

Result<> Listing::check_some(bool some) const {
  if (some || left_out_.empty()) return {};
  return fail(ExitCode::unknown, left_out_);
}

Result<std::vector<Proposal>> Listing::all_of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(const auto base, server_.tip(target.branch, deadline_));
  if (base.empty())
    return fail(ExitCode::unknown, fmt::format("{} has no branch {}: correct `branch`, or push it",
                                               server_.access().repository, target.branch));
  CDCTL_TRY_ASSIGN(auto out, of(target, base));
  prerequisites(target, out);
  if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
  if (!out.empty() && std::ranges::all_of(out, [](const auto& one) { return mark_of(one); }))
    return fail(ExitCode::unknown, mark_of(out.front())->why);
  return out;
}

void Listing::mark_unread(Proposal& proposal, const Error& why) {
  proposal.votes.push_back({{}, std::string(k_unread), proposal.head, false, why.what, {}});
}

Proposal Listing::begin(const ChangeRequest& change, const TargetConfig& target,
                        const std::string& base) const {
  Proposal out;
  out.target = target.name;
  out.id = change.id;
  out.kind = "git";
  out.ref = fmt::format("{}{}/head", server_.words().head_refs, change.id);  // stays without a fork
  out.head = change.head;
  out.base = base;
  out.title = change.json["title"].as_string();
  out.description = description_text(change.description);
  out.created = parse_rfc3339(change.json["created_at"].view());
  return out;
}

/// Whether a change request has landed in this target. What was pushed as other commits than its
/// own, or to a server that does not notice, is closed and not merged: then our status of its head
/// says so, which nobody sets who may not push.
Result<bool> Listing::has_landed(const ChangeRequest& change, const TargetConfig& target) {
  if (change.base != target.branch || change.open) return false;
  if (change.merged) return true;
  CDCTL_TRY_ASSIGN(const auto all, server_.newest_statuses(change.head, deadline_));
  const auto own = all.find(land_context(target));
  return own != all.end() && own->second[server_.words().status_state].view() == "success";
}

Result<Prerequisite::State> Listing::state_of(const std::string& id, const TargetConfig& target,
                                              const std::vector<Proposal>& proposals) {
  using enum Prerequisite::State;
  if (std::ranges::find(proposals, id, &Proposal::id) != proposals.end()) return open;
  if (id.size() > k_most_digits || id.find_first_not_of("0123456789") != id.npos) return gone;
  const auto change = server_.change(id, deadline_);
  if (!change && change.error().reason == Reason::not_there) return gone;
  if (!change) return fail(change.error());
  CDCTL_TRY_ASSIGN(const bool landed_here, has_landed(*change, target));
  return landed_here ? landed : gone;
}

/// `Depends-On: #12` of a description.
void Listing::prerequisites(const TargetConfig& target, std::vector<Proposal>& proposals) {
  for (auto& proposal : proposals)
    for (auto& id : depends_on(proposal.description, server_.access().repository)) {
      const auto state = state_of(id, target, proposals);
      if (!state) mark_unread(proposal, state.error());
      proposal.after.push_back({std::move(id), state.value_or(Prerequisite::State::gone)});
    }
}

}  // namespace cdctl::forges
