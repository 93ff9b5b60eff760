#include "plugins/forges/review_forge.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::forges {

namespace {

constexpr Millis k_to_warn(10'000);

std::string ref_of(const CodeServer& server, std::string_view id) {
  return fmt::format("{}{}/head", server.words().head_refs, id);
}

std::string_view word_of(const ServerWords& words, ProposalReport::State state) {
  using enum ProposalReport::State;
  return state == landed ? "success" : state == rejected ? words.failed : "pending";
}

Result<> check_after(CodeServer& server, const TargetConfig& target,
                     const std::vector<std::string>& after, const Deadline& deadline) {
  for (const auto& id : after) {
    const auto change = server.change(id, deadline);
    if (!change && change.error().reason != Reason::not_there) return fail(change.error());
    if (!change || change->base != target.branch)
      return fail(fmt::format("there is no {} {} for {} to come after", server.words().change,
                              printable(id, 40), target.name));
  }
  return {};
}

Result<bool> report_status(CodeServer& server, const TargetConfig& target, const std::string& id,
                           const ProposalReport& report, const Deadline& deadline) {
  const auto& words = server.words();
  const auto state = word_of(words, report.state);
  const auto context = land_context(target), text = land_status(report);
  CDCTL_TRY_ASSIGN(const auto all, server.newest_statuses(report.head, deadline));
  // Said already: a commit takes a thousand of one name on some servers, and then no more.
  if (const auto own = all.find(context); own != all.end() &&
                                          own->second[words.status_state].view() == state &&
                                          own->second["description"].view() == text)
    return false;
  const RestRequest request{
      "POST", server.path("/statuses/" + report.head),
      Json::object(
          {{"state", state}, {std::string(words.status_name), context}, {"description", text}}),
      true};
  CDCTL_TRY_ASSIGN(auto answer, server.rest().ask(request, deadline));
  if (const auto again = server.status_again(request, answer, ref_of(server, id))) {
    CDCTL_TRY_ASSIGN(answer, server.rest().ask(*again, deadline));
  }
  if (!answer.ok() && !server.is_same_status(answer))
    return fail(server.refusal(request, answer).in("setting a status"));
  return answer.ok();
}

Result<bool> report_comment(CodeServer& server, const TargetConfig& target, const std::string& id,
                            const ProposalReport& report, const Deadline& deadline) {
  auto calls = server.comments(id);
  CDCTL_TRY_ASSIGN(calls.me, server.me(deadline));
  auto told = upsert_comment(server.rest(), calls, land_marker(target),
                             land_comment(target, report), deadline);
  if (!told) return fail(told.error().in("commenting"));
  return told;
}

/// Whether an open change request needs a branch, as its own or its target.
Result<bool> in_use(CodeServer& server, const ChangeRequest& but, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, server.using_branch(but.branch, deadline));
  return std::ranges::any_of(all, [&](const ChangeRequest& one) {
    const bool own = one.own_branch && one.branch == but.branch;
    return one.id != but.id && (own || one.base == but.branch);
  });
}

/// Removes the branch of a change request, where it is in the repository and still at `head`.
Result<bool> remove_branch(CodeServer& server, const TargetConfig& target,
                           const ChangeRequest& change, const std::string& head,
                           const Deadline& deadline) {
  if (change.branch.empty() || change.branch == target.branch || !change.own_branch) return false;
  CDCTL_TRY_ASSIGN(const auto tip, server.tip(change.branch, deadline));
  if (tip != head) return false;
  CDCTL_TRY_ASSIGN(const bool used, in_use(server, change, deadline));
  if (used) return false;
  const RestRequest request{"DELETE", server.path(server.removal_path(change.branch)), {}, true};
  CDCTL_TRY_ASSIGN(const auto answer, server.rest().ask(request, deadline));
  if (answer.ok()) return true;
  if (answer.status == 404 || answer.status == 422) return false;  // another was faster
  return fail(server.refusal(request, answer).in("removing its branch"));
}

/// A server says of what has moved under a merge what it says of a rule, or of a conflict.
void find_moved(CodeServer& server, const MergeCall& call, const ChangeRequest& now,
                LandAnswer& out, const Deadline& deadline) {
  const auto tip = server.tip(call.branch, deadline);
  if (now.head != call.head) {
    out.state = LandAnswer::State::proposal_moved;
  } else if (tip && *tip != call.base) {
    out.state = LandAnswer::State::target_moved;
    out.tip = *tip;
  }
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> ReviewForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out(targets.size(), std::vector<Proposal>());
  std::map<CodeServer*, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto server = servers_.of(*targets[i]);
    if (server)
      groups[*server].push_back(i);
    else
      out[i] = fail(server.error());
  }
  for (const auto& [server, places] : groups) {
    std::vector<const TargetConfig*> own;
    for (const auto place : places) own.push_back(targets[place]);
    auto lists = server->list(own, deadline);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(lists[i]);
  }
  return out;
}

Result<ProposeAnswer> ReviewForge::do_propose(const TargetConfig& target,
                                              const ProposeRequest& request,
                                              const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  CDCTL_TRY(check_after(*server, target, request.after, deadline));
  CDCTL_TRY_ASSIGN(const auto branch, push_proposal(target, server->access(), request, deadline));
  CDCTL_TRY_ASSIGN(const auto there, server->find(target, branch, deadline));
  auto before = there ? there->description : std::string();
  std::erase(before, '\r');
  const auto text = with_prerequisites(there ? before : branch.description, request.after,
                                       server->access().repository, server->words().sign);
  ProposeAnswer out{branch.branch, {}, branch.head, branch.moved};
  const auto name = [&](const std::string& id) {
    out.id = id;
    out.ref = ref_of(*server, id);
  };
  if (there) name(there->id);
  if (there && text == before) return out;
  out.changed = true;
  if (request.dry_run) return out;
  auto call = there ? Result<RestRequest>(server->describing(there->id, text))
                    : server->opening(target, branch, text, deadline);
  if (!call) return fail(call.error());
  CDCTL_TRY_ASSIGN(const auto made, server->act(*call, deadline));
  name(server->read(made).id);
  return out;
}

Result<ReviewAnswer> ReviewForge::do_review(const TargetConfig& target,
                                            const ReviewRequest& request,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  const auto change = server->change(request.id, deadline);
  if (!change && change.error().reason != Reason::not_there) return fail(change.error());
  if (!change || !change->open || change->base != target.branch)
    return fail(fmt::format("there is no open {} {} for {}", server->words().change, request.id,
                            target.name));
  ReviewAnswer out;
  out.head = change->head;
  CDCTL_TRY(check_reviewed(target, request, out.head, ref_of(*server, request.id), deadline));
  CDCTL_TRY_ASSIGN(out.who, server->me(deadline));
  CDCTL_TRY(server->vote(request, *change, out, deadline));
  warn_if_not_counted(*server, target, *change, out.who, deadline);
  return out;
}

/// They keep their word all the same: who counts may change later. What cannot be asked, nobody is
/// told of.
void ReviewForge::warn_if_not_counted(CodeServer& server, const TargetConfig& target,
                                      const ChangeRequest& change, const std::string& who,
                                      const Deadline& deadline) {
  if (who.empty()) return;
  const auto why =
      server.why_not_counted(target, change, who, deadline.at_most(k_to_warn)).value_or("");
  if (!why.empty())
    host_.log(Level::warning, fmt::format("{}: {}: this review does not count as it is: {}",
                                          target.name, change.id, why));
}

Result<bool> ReviewForge::do_report(const TargetConfig& target, const std::string& id,
                                    const ProposalReport& report, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  const auto status = report_status(*server, target, id, report, deadline);
  // That it is being tested is the status's business: a comment goes to everybody's mail.
  if (report.state == ProposalReport::State::pending) return status;
  const auto comment = report_comment(*server, target, id, report, deadline);
  if (!comment) return comment;
  if (!status) return status;
  return *status || *comment;
}

Result<std::vector<CommitStatus>> ReviewForge::do_statuses(const TargetConfig& target,
                                                           const std::string& commit,
                                                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  return server->statuses(commit, deadline);
}

Result<std::optional<LandAnswer>> ReviewForge::do_land(const TargetConfig& target,
                                                       const std::string& id,
                                                       const LandRequest& request,
                                                       const Deadline& deadline) {
  using enum LandAnswer::State;
  if (!target.land_by_forge) return std::nullopt;
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  LandAnswer out;
  const auto done = [&](const ChangeRequest& change) -> Result<std::optional<LandAnswer>> {
    CDCTL_TRY_ASSIGN(auto merged, server->read_merge(change, deadline));
    if (merged.tree != request.tree) merged.tree.clear();  // another merge of it
    return merged;
  };
  CDCTL_TRY_ASSIGN(const auto change, server->change(id, deadline));
  if (change.merged) return done(change);
  CDCTL_TRY_ASSIGN(out.tip, server->tip(target.branch, deadline));
  const auto before = landed_as_.find(request.base);
  const auto& base = before == landed_as_.end() ? request.base : before->second;
  if (out.tip != base) {
    out.state = target_moved;
    return out;
  }
  if (!change.open || change.head != request.head || change.base != target.branch) {
    out.state = proposal_moved;
    return out;
  }
  crash_point("land.asked");
  const MergeCall call{server->merging(id, request, target.method), id, request.head, target.branch,
                       base};
  const auto answer = server->merge(call, deadline);
  crash_point("land.merged");
  if (answer && answer->ok()) {
    CDCTL_TRY_ASSIGN(const auto merged, server->merged_by(*answer, id, deadline));
    if (!merged.merged) return fail(server->rest().refusal(call.request, *answer));
    CDCTL_TRY_ASSIGN(out, server->read_merge(merged, deadline));
    out.state = landed;
    landed_as_[request.commit] = out.tip;
    return out;
  }
  // Nobody knows whether it was done, by us or by another lander, unless it is asked.
  CDCTL_TRY_ASSIGN(const auto now, server->change(id, deadline));
  if (now.merged) return done(now);
  if (!answer) return fail(answer.error());
  const auto error = server->rest().refusal(call.request, *answer);
  if (!server->decides(answer->status)) return fail(error);
  out.state = server->why_unmerged(*answer);
  if (out.state == refused) find_moved(*server, call, now, out, deadline);
  const auto more = server->more_of(now);
  out.why = more.empty() ? error.what : fmt::format("{} ({})", error.what, printable(more, 60));
  return out;
}

Result<bool> ReviewForge::do_clear(const TargetConfig& target, const std::string& id,
                                   const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const server, servers_.of(target));
  auto change = server->change(id, deadline);
  if (!change) {
    if (change.error().reason == Reason::not_there) return false;
    return fail(change.error());
  }
  if (change->head != head) return false;  // it goes on
  CDCTL_TRY_ASSIGN(const bool closed, server->settle(target, *change, deadline));
  // A branch that others propose to lives on.
  const auto proposed_to = [&](const TargetConfig& one) {
    return one.repository == target.repository && one.branch == change->branch;
  };
  if (std::ranges::any_of(host_.config().targets, proposed_to)) return closed;
  CDCTL_TRY_ASSIGN(const bool removed, remove_branch(*server, target, *change, head, deadline));
  return closed || removed;
}

}  // namespace cdctl::forges
