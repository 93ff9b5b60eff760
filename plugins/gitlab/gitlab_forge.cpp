#include "plugins/gitlab/gitlab_forge.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/gitlab/request_list.hpp"

namespace cdctl::gitlab {

namespace {

constexpr Millis k_until_noticed(15'000);  ///< GitLab sees a push a moment later
constexpr Millis k_until_checked(20'000);  ///< whether it can be merged is found out on the side
constexpr Millis k_between(1'000);

/// An answer that is a decision of GitLab's, where something was to be done.
Error refused(const Rest& rest, const RestRequest& request, const RestAnswer& answer) {
  auto error = rest.refusal(request, answer);
  if (answer.status >= 400 && answer.status < 500 && answer.status != 404)
    error.exit = ExitCode::refused;
  return error;
}

/// Does something; what is not done is refused.
Result<Json> act(Rest& rest, const RestRequest& request, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto answer, rest.ask(request, deadline));
  if (!answer.ok()) return fail(refused(rest, request, answer));
  return std::move(answer.body);
}

std::string_view word_of(ProposalReport::State state) {
  using enum ProposalReport::State;
  return state == landed ? "success" : state == rejected ? "failed" : "pending";
}

/// The newest status of each name of a commit; a name can have one of each pipeline.
Result<std::map<std::string, Json>> newest_statuses(GitlabProject& project,
                                                    const std::string& commit,
                                                    const Deadline& deadline) {
  const auto path = fmt::format("/repository/commits/{}/statuses", commit);
  CDCTL_TRY_ASSIGN(const auto all, project.rest().list({project.path(path), {}}, deadline));
  std::map<std::string, Json> out;
  for (const auto& one : all) {
    auto& newest = out[one["name"].as_string()];
    if (newest.is_null() || newest["id"].as_int() < one["id"].as_int()) newest = one;
  }
  return out;
}

Result<bool> report_status(GitlabProject& project, const TargetConfig& target,
                           const ProposalReport& report, const Deadline& deadline) {
  const auto state = word_of(report.state);
  const auto name = land_context(target), text = land_status(report);
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(project, report.head, deadline));
  if (const auto own = all.find(name); own != all.end() && own->second["status"].view() == state &&
                                       own->second["description"].view() == text)
    return false;
  const RestRequest request{"POST", project.path("/statuses/" + report.head),
                            Json::object({{"state", state}, {"name", name}, {"description", text}}),
                            true};
  CDCTL_TRY_ASSIGN(const auto answer, project.rest().ask(request, deadline));
  // One that is pending cannot become pending: then it says so.
  const bool same =
      answer.status == 400 && answer.body["message"].dump().contains("Cannot transition status");
  if (!answer.ok() && !same)
    return fail(refused(project.rest(), request, answer).in("setting a status"));
  return answer.ok();
}

Result<bool> report_comment(GitlabProject& project, const TargetConfig& target,
                            const std::string& id, const ProposalReport& report,
                            const Deadline& deadline) {
  const auto notes = project.path(fmt::format("/merge_requests/{}/notes", id));
  CommentCalls calls{notes, notes + "/", "PUT", "author", "username", {}};
  CDCTL_TRY_ASSIGN(calls.me, project.me(deadline));
  auto told = upsert_comment(project.rest(), calls, land_marker(target),
                             land_comment(target, report), deadline);
  if (!told) return fail(told.error().in("commenting"));
  return told;
}

/// The project that a branch was pushed to: the target's, or a fork.
Result<std::int64_t> project_id(GitlabProject& project, const std::string& path,
                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, project.rest().get("/projects/" + url_encode(path), deadline));
  return found["id"].as_int();
}

/// The open merge request of a branch.
Result<Json> find_request(GitlabProject& project, const TargetConfig& target,
                          const std::string& branch, std::int64_t source,
                          const Deadline& deadline) {
  const auto path =
      fmt::format("/merge_requests?state=opened&scope=all&source_branch={}&target_branch={}",
                  url_encode(branch), url_encode(target.branch));
  CDCTL_TRY_ASSIGN(const auto all, project.rest().list({project.path(path), {}}, deadline));
  for (const auto& one : all)  // a filter that it does not understand is no filter
    if (one["source_branch"].view() == branch && one["target_branch"].view() == target.branch &&
        one["source_project_id"].as_int() == source)
      return one;
  return Json();
}

Result<> check_after(GitlabProject& project, const TargetConfig& target,
                     const std::vector<std::string>& after, const Deadline& deadline) {
  for (const auto& id : after) {
    const auto request = project.request(id, deadline);
    if (!request && request.error().reason != Reason::not_there) return fail(request.error());
    if (!request || (*request)["target_branch"].view() != target.branch)
      return fail(fmt::format("there is no merge request {} for {} to come after",
                              printable(id, 40), target.name));
  }
  return {};
}

/// The commit that a merged merge request became: of a fast forward its own.
std::string commit_of(const Json& request) {
  for (const auto* member : {"merge_commit_sha", "squash_commit_sha", "sha"})
    if (auto id = request[member].as_string(); !id.empty()) return id;
  return {};
}

Result<LandAnswer> read_merge(GitlabProject& project, const Json& request,
                              const Deadline& deadline) {
  LandAnswer out;
  out.state = LandAnswer::State::there;
  out.tip = commit_of(request);
  if (out.tip.empty())
    return fail(ExitCode::unknown, "GitLab does not tell the commit of the merge");
  CDCTL_TRY_ASSIGN(out.tree, project.tree(out.tip, deadline));
  return out;
}

/// Whether an open merge request needs a branch, as its source or its target.
Result<bool> in_use(GitlabProject& project, const std::string& branch, const Json& request,
                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto all,
      project.rest().list({project.path("/merge_requests?state=opened&scope=all"), {}}, deadline));
  return std::ranges::any_of(all, [&](const Json& one) {
    const bool source = one["source_branch"].view() == branch &&
                        one["source_project_id"].as_int() == request["source_project_id"].as_int();
    return one["iid"].as_int() != request["iid"].as_int() &&
           (source || one["target_branch"].view() == branch);
  });
}

/// Removes the branch of a merge request, where it is in the project and still at `head`.
Result<bool> remove_branch(GitlabProject& project, const TargetConfig& target, const Json& request,
                           const std::string& head, const Deadline& deadline) {
  const auto branch = request["source_branch"].as_string();
  if (branch.empty() || branch == target.branch ||
      request["source_project_id"].as_int() != request["project_id"].as_int())
    return false;
  CDCTL_TRY_ASSIGN(const auto tip, project.tip(branch, deadline));
  if (tip != head) return false;
  CDCTL_TRY_ASSIGN(const bool used, in_use(project, branch, request, deadline));
  if (used) return false;
  const RestRequest call{
      "DELETE", project.path("/repository/branches/" + url_encode(branch)), {}, true};
  CDCTL_TRY_ASSIGN(const auto answer, project.rest().ask(call, deadline));
  if (answer.ok()) return true;
  if (answer.status == 404) return false;  // another was faster
  return fail(refused(project.rest(), call, answer).in("removing its branch"));
}

/// A merge request whose commits were pushed to the target becomes a merged one a moment later; one
/// whose commits were made anew does not, and is closed.
Result<bool> settle(GitlabProject& project, const TargetConfig& target, const std::string& id,
                    Json& request, const Deadline& deadline) {
  const bool by_itself = target.method == MergeMethod::merge;
  const auto noticed = deadline.at_most(k_until_noticed);
  while (by_itself && request["state"].view() == "opened" && !noticed.passed()) {
    if (!pause_for(k_between, noticed)) return fail(ExitCode::interrupted, "interrupted");
    CDCTL_TRY_ASSIGN(request, project.request(id, deadline));
  }
  if (request["state"].view() != "opened") return false;
  if (by_itself)
    return fail(ExitCode::unknown,
                "GitLab has not noticed yet that it was merged; its branch stays");
  const auto closed = act(project.rest(),
                          {"PUT", project.path("/merge_requests/" + id),
                           Json::object({{"state_event", "close"}}), true},
                          deadline);
  if (!closed) return fail(closed.error().in("closing it"));
  return true;
}

/// Takes back what we have said against a merge request.
Result<bool> resolve_own(GitlabProject& project, const std::string& request,
                         const Json::Array& discussions, const std::string& me,
                         const Deadline& deadline) {
  bool changed = false;
  for (const auto& one : discussions) {
    if (vote_of(one).empty() ||
        !same_name(one["notes"].items().front()["author"]["username"].view(), me))
      continue;
    const auto path = project.path(
        fmt::format("/merge_requests/{}/discussions/{}", request, url_encode(one["id"].view())));
    const auto done =
        act(project.rest(), {"PUT", path, Json::object({{"resolved", true}}), true}, deadline);
    if (!done) return fail(done.error().in("resolving what was said against it"));
    changed = true;
  }
  return changed;
}

}  // namespace

CommitStatus::State status_state(std::string_view state) {
  using enum CommitStatus::State;
  if (state == "success") return passed;
  return state == "failed" || state == "canceled" || state == "skipped" ? failed : pending;
}

std::vector<Result<std::vector<Proposal>>> GitlabForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out(targets.size(), std::vector<Proposal>());
  std::map<GitlabProject*, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto project = projects_.of(*targets[i]);
    if (project)
      groups[*project].push_back(i);
    else
      out[i] = fail(project.error());
  }
  for (const auto& [project, places] : groups) {
    std::vector<const TargetConfig*> own;
    for (const auto place : places) own.push_back(targets[place]);
    auto lists = list_requests(*project, own, deadline);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(lists[i]);
  }
  return out;
}

Result<ProposeAnswer> GitlabForge::do_propose(const TargetConfig& target,
                                              const ProposeRequest& request,
                                              const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  auto& rest = project->rest();
  CDCTL_TRY(check_after(*project, target, request.after, deadline));
  CDCTL_TRY_ASSIGN(const auto branch, push_proposal(target, project->access(), request, deadline));
  const auto& own = project->access().repository;
  CDCTL_TRY_ASSIGN(const auto home, project_id(*project, own, deadline));
  CDCTL_TRY_ASSIGN(const auto source, project_id(*project, branch.path, deadline));
  CDCTL_TRY_ASSIGN(const auto there,
                   find_request(*project, target, branch.branch, source, deadline));
  const auto before = there["description"].as_string();
  const auto text =
      with_prerequisites(there.is_null() ? branch.description : before, request.after, own, '!');
  ProposeAnswer out{branch.branch, {}, branch.head, branch.moved};
  const auto name = [&](const Json& one) {
    out.id = std::to_string(one["iid"].as_int());
    out.ref = fmt::format("refs/merge-requests/{}/head", out.id);
  };
  if (!there.is_null()) name(there);
  if (!there.is_null() && text == before) return out;
  out.changed = true;
  if (request.dry_run) return out;
  RestRequest call{"PUT", project->path("/merge_requests/" + out.id),
                   Json::object({{"description", text}}), true};
  if (there.is_null())
    call = {"POST", fmt::format("/projects/{}/merge_requests", source),
            Json::object({{"title", branch.title.empty() ? branch.branch : branch.title},
                          {"source_branch", branch.branch},
                          {"target_branch", target.branch},
                          {"target_project_id", home},
                          {"description", text}})};
  CDCTL_TRY_ASSIGN(const auto made, act(rest, call, deadline));
  name(made);
  return out;
}

Result<ReviewAnswer> GitlabForge::do_review(const TargetConfig& target,
                                            const ReviewRequest& request,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  auto& rest = project->rest();
  const auto one = project->request(request.id, deadline);
  if (!one && one.error().reason != Reason::not_there) return fail(one.error());
  if (!one || (*one)["state"].view() != "opened" || (*one)["target_branch"].view() != target.branch)
    return fail(fmt::format("there is no open merge request {} for {}", request.id, target.name));
  if (request.value == "Abstain")
    return fail(ExitCode::usage, "GitLab has no abstention; say nothing, or comment there");
  ReviewAnswer out;
  out.head = (*one)["sha"].as_string();
  CDCTL_TRY(check_reviewed(target, request, out.head,
                           fmt::format("refs/merge-requests/{}/head", request.id), deadline));
  CDCTL_TRY_ASSIGN(out.who, project->me(deadline));
  if (request.value == "Approve" && same_name((*one)["author"]["username"].view(), out.who))
    return fail(ExitCode::refused, request.id + " is your own: GitLab counts no approval of that");
  const auto path = project->path("/merge_requests/" + request.id);
  CDCTL_TRY_ASSIGN(const auto discussions, rest.list({path + "/discussions", {}}, deadline));
  CDCTL_TRY_ASSIGN(const auto versions, rest.list({path + "/versions", {}}, deadline));
  CDCTL_TRY_ASSIGN(const auto approvals, rest.get(path + "/approvals", deadline));
  bool approved = false, at_head = false;
  for (const auto& by : approvals["approved_by"].items()) {
    if (!same_name(by["user"]["username"].view(), out.who)) continue;
    approved = true;
    auto at = parse_rfc3339(by["approved_at"].view());
    if (!at) at = approved_at(discussions, out.who);
    at_head = head_at(versions, at) == out.head;
  }
  const auto against = std::ranges::find_if(discussions, [&](const Json& thread) {
    return !vote_of(thread).empty() &&
           same_name(thread["notes"].items().front()["author"]["username"].view(), out.who);
  });
  const auto said = against != discussions.end() ? vote_of(*against)
                    : at_head                    ? std::string("Approve")
                                                 : std::string();
  if (said == request.value && request.comment.empty()) return out;
  out.changed = true;
  if (request.dry_run) return out;
  CDCTL_TRY(resolve_own(*project, request.id, discussions, out.who, deadline));
  const bool approves = request.value == "Approve";
  if (approved && (!approves || !at_head))  // that of an older commit is taken back first
    CDCTL_TRY(act(rest, {"POST", path + "/unapprove", Json::object()}, deadline));
  if (approves) {
    if (!at_head)
      CDCTL_TRY(
          act(rest, {"POST", path + "/approve", Json::object({{"sha", out.head}})}, deadline));
    if (!request.comment.empty())
      CDCTL_TRY(act(rest, {"POST", path + "/notes", Json::object({{"body", request.comment}})},
                    deadline));
    return out;
  }
  const auto text = request.comment.empty() ? request.value : request.comment;
  CDCTL_TRY(act(rest,
                {"POST", path + "/discussions",
                 Json::object({{"body", fmt::format("{}\n\n{}", text, vote_line(request.value))}})},
                deadline));
  return out;
}

Result<bool> GitlabForge::do_report(const TargetConfig& target, const std::string& id,
                                    const ProposalReport& report, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  const auto status = report_status(*project, target, report, deadline);
  // That it is being tested is the status's business: a comment goes to everybody's mail.
  if (report.state == ProposalReport::State::pending) return status;
  const auto comment = report_comment(*project, target, id, report, deadline);
  if (!comment) return comment;
  if (!status) return status;
  return *status || *comment;
}

Result<std::vector<CommitStatus>> GitlabForge::do_statuses(const TargetConfig& target,
                                                           const std::string& commit,
                                                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(*project, commit, deadline));
  std::vector<CommitStatus> out;
  for (const auto& [name, one] : all)
    out.push_back({name, status_state(one["status"].view()),
                   one["description"].as_string(one["status"].view()),
                   one["target_url"].as_string()});
  return out;
}

Result<std::optional<LandAnswer>> GitlabForge::do_land(const TargetConfig& target,
                                                       const std::string& id,
                                                       const LandRequest& request,
                                                       const Deadline& deadline) {
  using enum LandAnswer::State;
  if (!target.land_by_forge) return std::nullopt;
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  LandAnswer out;
  const auto done = [&](const Json& one) -> Result<std::optional<LandAnswer>> {
    CDCTL_TRY_ASSIGN(auto merged, read_merge(*project, one, deadline));
    if (merged.tree != request.tree) merged.tree.clear();  // another merge of it
    return merged;
  };
  CDCTL_TRY_ASSIGN(const auto one, project->request(id, deadline));
  if (one["state"].view() == "merged") return done(one);
  CDCTL_TRY_ASSIGN(out.tip, project->tip(target.branch, deadline));
  const auto before = landed_as_.find(request.base);
  const auto& base = before == landed_as_.end() ? request.base : before->second;
  if (out.tip != base) {
    out.state = target_moved;
    return out;
  }
  if (one["state"].view() != "opened" || one["sha"].view() != request.head ||
      one["target_branch"].view() != target.branch) {
    out.state = proposal_moved;
    return out;
  }
  crash_point("land.asked");
  const RestRequest call{"PUT", project->path(fmt::format("/merge_requests/{}/merge", id)),
                         Json::object({{"sha", request.head},
                                       {"squash", target.method == MergeMethod::squash},
                                       {"should_remove_source_branch", false}})};
  auto answer = project->rest().ask(call, deadline);
  auto now = one;
  // Clients disagree about which of these means what; the merge request itself knows.
  const auto undecided = [&] {
    const auto word = now["detailed_merge_status"].view();
    return word == "checking" || word == "unchecked" || word == "preparing";
  };
  const auto not_now = [&] {
    return answer && (answer->status == 405 || answer->status == 406 || answer->status == 422);
  };
  unsigned ready = 0;  // it may have found out between our two questions
  for (const auto checked = deadline.at_most(k_until_checked); not_now() && !checked.passed();) {
    CDCTL_TRY_ASSIGN(now, project->request(id, deadline));
    if (!undecided() && (now["detailed_merge_status"].view() != "mergeable" || ++ready > 2)) break;
    if (!pause_for(k_between, checked)) return fail(ExitCode::interrupted, "interrupted");
    answer = project->rest().ask(call, deadline);
  }
  crash_point("land.merged");
  if (answer && answer->ok()) {
    CDCTL_TRY_ASSIGN(out, read_merge(*project, answer->body, deadline));
    out.state = landed;
    landed_as_[request.commit] = out.tip;
    return out;
  }
  // Nobody knows whether it was done, unless it is asked.
  CDCTL_TRY_ASSIGN(now, project->request(id, deadline));
  if (now["state"].view() == "merged") return done(now);
  if (!answer) return fail(answer.error());
  const auto error = project->rest().refusal(call, *answer);
  if (answer->status >= 500 || answer->status == 404) return fail(error);
  out.state = answer->status == 409 ? proposal_moved : refused;
  const auto why = now["detailed_merge_status"].view();
  out.why = why.empty() ? error.what : fmt::format("{} ({})", error.what, printable(why, 60));
  return out;
}

Result<bool> GitlabForge::do_clear(const TargetConfig& target, const std::string& id,
                                   const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const project, projects_.of(target));
  auto request = project->request(id, deadline);
  if (!request) {
    if (request.error().reason == Reason::not_there) return false;
    return fail(request.error());
  }
  if ((*request)["sha"].view() != head) return false;  // it goes on
  CDCTL_TRY_ASSIGN(const bool closed, settle(*project, target, id, *request, deadline));
  CDCTL_TRY_ASSIGN(const bool removed, remove_branch(*project, target, *request, head, deadline));
  return closed || removed;
}

}  // namespace cdctl::gitlab
