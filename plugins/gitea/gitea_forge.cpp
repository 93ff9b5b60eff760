#include "plugins/gitea/gitea_forge.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/gitea/pull_list.hpp"

namespace cdctl::gitea {

namespace {

constexpr Millis k_until_checked(20'000);  ///< whether it can be merged is found out on the side
constexpr Millis k_between(1'000);

/// An answer that is a decision of Gitea's, where something was to be done.
Error refused(const Rest& rest, const RestRequest& request, const RestAnswer& answer) {
  auto error = rest.refusal(request, answer);
  if (answer.status == 403)  // a status needs the one, a comment the other
    error.what += fmt::format(": it needs write access to the {}",
                              request.path.contains("/issues/") ? "issues" : "repository");
  if (answer.status == 403 || answer.status == 405 || answer.status == 409 ||
      answer.status == 422 || answer.status == 423)
    error.exit = ExitCode::refused;
  return error;
}

std::string_view word_of(ProposalReport::State state) {
  using enum ProposalReport::State;
  return state == landed ? "success" : state == rejected ? "failure" : "pending";
}

/// The newest status of each context of a commit.
Result<std::map<std::string, Json>> newest_statuses(GiteaRepository& repository,
                                                    const std::string& commit,
                                                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto all,
      repository.rest().list({repository.path(fmt::format("/commits/{}/statuses", commit)), {}},
                             deadline));
  std::map<std::string, Json> out;
  for (const auto& one : all) {
    auto& newest = out[one["context"].as_string()];
    if (newest.is_null() || newest["id"].as_int() < one["id"].as_int()) newest = one;
  }
  return out;
}

Result<bool> report_status(GiteaRepository& repository, const TargetConfig& target,
                           const ProposalReport& report, const Deadline& deadline) {
  const auto state = word_of(report.state);
  const auto context = land_context(target), text = land_status(report);
  auto& rest = repository.rest();
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(repository, report.head, deadline));
  if (const auto own = all.find(context); own != all.end() &&
                                          own->second["status"].view() == state &&
                                          own->second["description"].view() == text)
    return false;
  const RestRequest request{
      "POST", repository.path("/statuses/" + report.head),
      Json::object({{"state", state}, {"context", context}, {"description", text}}), true};
  CDCTL_TRY_ASSIGN(const auto answer, rest.ask(request, deadline));
  if (!answer.ok()) return fail(refused(rest, request, answer).in("setting a status"));
  return true;
}

Result<bool> report_comment(GiteaRepository& repository, const TargetConfig& target,
                            const std::string& id, const ProposalReport& report,
                            const Deadline& deadline) {
  CommentCalls calls{repository.path(fmt::format("/issues/{}/comments", id)),
                     repository.path("/issues/comments/"),
                     "PATCH",
                     "user",
                     "login",
                     {}};
  CDCTL_TRY_ASSIGN(calls.me, repository.me(deadline));
  auto told = upsert_comment(repository.rest(), calls, land_marker(target),
                             land_comment(target, report), deadline);
  if (!told) return fail(told.error().in("commenting"));
  return told;
}

/// The open pull request of a branch.
Result<Json> find_pull(GiteaRepository& repository, const TargetConfig& target,
                       const PushedBranch& branch, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all,
                   repository.rest().list({repository.path("/pulls?state=open"), {}}, deadline));
  for (const auto& pull : all)
    if (pull["head"]["ref"].view() == branch.branch &&
        pull["base"]["ref"].view() == target.branch &&
        same_name(pull["head"]["repo"]["full_name"].view(), branch.path))
      return pull;
  return Json();
}

Result<> check_after(GiteaRepository& repository, const TargetConfig& target,
                     const std::vector<std::string>& after, const Deadline& deadline) {
  for (const auto& id : after) {
    const auto pull = repository.pull(id, deadline);
    if (!pull && pull.error().reason != Reason::not_there) return fail(pull.error());
    if (!pull || (*pull)["base"]["ref"].view() != target.branch)
      return fail(fmt::format("there is no pull request {} for {} to come after", printable(id, 40),
                              target.name));
  }
  return {};
}

/// What became of a pull request that is closed: the tree of its merge, as the target has it.
Result<LandAnswer> read_merge(GiteaRepository& repository, const Json& pull,
                              const Deadline& deadline) {
  LandAnswer out;
  out.state = LandAnswer::State::there;
  out.tip = pull["merge_commit_sha"].as_string();
  if (out.tip.empty())
    return fail(ExitCode::unknown, "Gitea does not tell the commit of the merge");
  CDCTL_TRY_ASSIGN(const auto commit,
                   repository.rest().get(repository.path("/git/commits/" + out.tip), deadline));
  out.tree = commit["commit"]["tree"]["sha"].as_string();
  if (out.tree.empty()) return fail(ExitCode::unknown, "Gitea does not tell the tree of the merge");
  return out;
}

std::string_view method_of(MergeMethod method) {
  return method == MergeMethod::squash   ? "squash"
         : method == MergeMethod::rebase ? "rebase"
                                         : "merge";
}

/// Whether an open pull request needs a branch, as its head or its base.
Result<bool> in_use(GiteaRepository& repository, const std::string& branch, const std::string& id,
                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto pulls,
                   repository.rest().list({repository.path("/pulls?state=open"), {}}, deadline));
  for (const auto& pull : pulls) {
    const bool head =
        pull["head"]["ref"].view() == branch &&
        same_name(pull["head"]["repo"]["full_name"].view(), repository.access().repository);
    if (std::to_string(pull["number"].as_int()) != id &&
        (head || pull["base"]["ref"].view() == branch))
      return true;
  }
  return false;
}

/// Removes the branch of a pull request, where it is in the repository and still at `head`.
Result<bool> remove_branch(GiteaRepository& repository, const TargetConfig& target,
                           const Json& pull, const std::string& head, const Deadline& deadline) {
  const auto branch = pull["head"]["ref"].as_string();
  if (branch.empty() || branch == target.branch ||
      !same_name(pull["head"]["repo"]["full_name"].view(), repository.access().repository))
    return false;
  CDCTL_TRY_ASSIGN(const auto tip, repository.tip(branch, deadline));
  if (tip != head) return false;
  CDCTL_TRY_ASSIGN(const bool used,
                   in_use(repository, branch, std::to_string(pull["number"].as_int()), deadline));
  if (used) return false;
  const RestRequest request{"DELETE", repository.path("/branches/" + ref_path(branch)), {}, true};
  CDCTL_TRY_ASSIGN(const auto answer, repository.rest().ask(request, deadline));
  if (answer.ok()) return true;
  if (answer.status == 404 || answer.status == 422) return false;  // another was faster
  return fail(refused(repository.rest(), request, answer).in("removing its branch"));
}

/// The commit of the target that merged a head, where that is one of the newest; otherwise the
/// newest.
Result<std::string> merge_commit(GiteaRepository& repository, const TargetConfig& target,
                                 const std::string& head, const Deadline& deadline) {
  const auto path =
      fmt::format("/commits?sha={}&limit=50&stat=false&verification=false&files=false",
                  url_encode(target.branch));
  CDCTL_TRY_ASSIGN(const auto commits, repository.rest().get(repository.path(path), deadline));
  for (const auto& commit : commits.items())
    for (const auto& parent : commit["parents"].items())
      if (parent["sha"].view() == head && commit["parents"].items().size() > 1)
        return commit["sha"].as_string();
  return repository.tip(target.branch, deadline);
}

/// Tells Gitea that an open pull request has landed: as merged, where its repository allows that
/// word, and otherwise by closing it.
Result<bool> settle(GiteaRepository& repository, const TargetConfig& target, const std::string& id,
                    Json& pull, const std::string& head, const Deadline& deadline) {
  if (pull["state"].view() != "open") return false;
  CDCTL_TRY_ASSIGN(const auto commit, merge_commit(repository, target, head, deadline));
  RestRequest request{"POST", repository.path(fmt::format("/pulls/{}/merge", id)),
                      Json::object({{"Do", "manually-merged"}, {"MergeCommitID", commit}}), true};
  CDCTL_TRY_ASSIGN(auto answer, repository.rest().ask(request, deadline));
  if (!answer.ok()) {
    CDCTL_TRY_ASSIGN(pull, repository.pull(id, deadline));
    if (pull["state"].view() != "open") return false;  // it has noticed by itself
    request = {"PATCH", repository.path("/pulls/" + id), Json::object({{"state", "closed"}}), true};
    CDCTL_TRY_ASSIGN(answer, repository.rest().ask(request, deadline));
  }
  if (!answer.ok()) return fail(refused(repository.rest(), request, answer).in("closing it"));
  return true;
}

}  // namespace

CommitStatus::State status_state(std::string_view state) {
  using enum CommitStatus::State;
  if (state == "success" || state == "warning" || state == "skipped") return passed;
  return state == "failure" || state == "error" ? failed : pending;
}

std::vector<Result<std::vector<Proposal>>> GiteaForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out(targets.size(), std::vector<Proposal>());
  std::map<GiteaRepository*, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto repository = repositories_.of(*targets[i]);
    if (repository)
      groups[*repository].push_back(i);
    else
      out[i] = fail(repository.error());
  }
  for (const auto& [repository, places] : groups) {
    std::vector<const TargetConfig*> own;
    for (const auto place : places) own.push_back(targets[place]);
    auto lists = list_pulls(*repository, own, deadline);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(lists[i]);
  }
  return out;
}

Result<ProposeAnswer> GiteaForge::do_propose(const TargetConfig& target,
                                             const ProposeRequest& request,
                                             const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  CDCTL_TRY(check_after(*repository, target, request.after, deadline));
  CDCTL_TRY_ASSIGN(const auto branch,
                   push_proposal(target, repository->access(), request, deadline));
  CDCTL_TRY_ASSIGN(const auto there, find_pull(*repository, target, branch, deadline));
  const auto& own = repository->access().repository;
  auto before = there["body"].as_string();
  std::erase(before, '\r');
  const auto body =
      with_prerequisites(there.is_null() ? branch.description : before, request.after, own);
  ProposeAnswer out{branch.branch, {}, branch.head, branch.moved};
  const auto name = [&](const Json& pull) {
    out.id = std::to_string(pull["number"].as_int());
    out.ref = fmt::format("refs/pull/{}/head", out.id);
  };
  if (!there.is_null()) name(there);
  if (!there.is_null() && body == before) return out;
  out.changed = true;
  if (request.dry_run) return out;
  RestRequest call{"PATCH", repository->path("/pulls/" + out.id), Json::object({{"body", body}}),
                   true};
  if (there.is_null()) {
    const auto head =
        same_name(branch.path, own) ? branch.branch : branch.owner + ":" + branch.branch;
    call = {"POST", repository->path("/pulls"),
            Json::object({{"title", branch.title.empty() ? branch.branch : branch.title},
                          {"head", head},
                          {"base", target.branch},
                          {"body", body}})};
  }
  CDCTL_TRY_ASSIGN(const auto answer, repository->rest().ask(call, deadline));
  if (!answer.ok()) return fail(refused(repository->rest(), call, answer));
  name(answer.body);
  return out;
}

Result<ReviewAnswer> GiteaForge::do_review(const TargetConfig& target, const ReviewRequest& request,
                                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  const auto pull = repository->pull(request.id, deadline);
  if (!pull && pull.error().reason != Reason::not_there) return fail(pull.error());
  if (!pull || (*pull)["state"].view() != "open" || (*pull)["base"]["ref"].view() != target.branch)
    return fail(fmt::format("there is no open pull request {} for {}", request.id, target.name));
  ReviewAnswer out;
  out.head = (*pull)["head"]["sha"].as_string();
  CDCTL_TRY(check_reviewed(target, request, out.head, fmt::format("refs/pull/{}/head", request.id),
                           deadline));
  CDCTL_TRY_ASSIGN(out.who, repository->me(deadline));
  const auto reviews = repository->path(fmt::format("/pulls/{}/reviews", request.id));
  CDCTL_TRY_ASSIGN(const auto all, repository->rest().list({reviews, {}}, deadline));
  std::string said;
  for (const auto& review : all) {
    if (out.who.empty() || !same_name(review["user"]["login"].view(), out.who)) continue;
    if (review["dismissed"].as_bool()) {
      said.clear();
      continue;
    }
    if (const auto vote = vote_of(review); !vote.empty())
      said = review["commit_id"].view() == out.head ? vote : std::string();
  }
  if (said == request.value && request.comment.empty()) return out;
  out.changed = true;
  if (request.dry_run) return out;
  auto body = request.comment;
  if (request.value != "Approve")  // what is no approval needs a text
    body = fmt::format("{}\n\n{}", body.empty() ? request.value : body, vote_line(request.value));
  const auto* event = request.value == "Approve"   ? "APPROVED"
                      : request.value == "Abstain" ? "COMMENT"
                                                   : "REQUEST_CHANGES";
  const RestRequest call{
      "POST", reviews,
      Json::object({{"commit_id", out.head}, {"event", event}, {"body", std::move(body)}})};
  CDCTL_TRY_ASSIGN(const auto answer, repository->rest().ask(call, deadline));
  if (!answer.ok()) return fail(refused(repository->rest(), call, answer));
  if (out.who.empty()) out.who = answer.body["user"]["login"].as_string();
  return out;
}

Result<bool> GiteaForge::do_report(const TargetConfig& target, const std::string& id,
                                   const ProposalReport& report, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  const auto status = report_status(*repository, target, report, deadline);
  // That it is being tested is the status's business: a comment goes to everybody's mail.
  if (report.state == ProposalReport::State::pending) return status;
  const auto comment = report_comment(*repository, target, id, report, deadline);
  if (!comment) return comment;
  if (!status) return status;
  return *status || *comment;
}

Result<std::vector<CommitStatus>> GiteaForge::do_statuses(const TargetConfig& target,
                                                          const std::string& commit,
                                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(*repository, commit, deadline));
  std::vector<CommitStatus> out;
  for (const auto& [context, one] : all)
    out.push_back({context, status_state(one["status"].view()), one["description"].as_string(),
                   one["target_url"].as_string()});
  return out;
}

Result<std::optional<LandAnswer>> GiteaForge::do_land(const TargetConfig& target,
                                                      const std::string& id,
                                                      const LandRequest& request,
                                                      const Deadline& deadline) {
  using enum LandAnswer::State;
  if (!target.land_by_forge) return std::nullopt;
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  LandAnswer out;
  const auto done = [&](const Json& pull) -> Result<std::optional<LandAnswer>> {
    CDCTL_TRY_ASSIGN(auto merged, read_merge(*repository, pull, deadline));
    if (merged.tree != request.tree) merged.tree.clear();  // another merge of it
    return merged;
  };
  CDCTL_TRY_ASSIGN(const auto pull, repository->pull(id, deadline));
  if (pull["merged"].as_bool()) return done(pull);
  CDCTL_TRY_ASSIGN(out.tip, repository->tip(target.branch, deadline));
  const auto before = landed_as_.find(request.base);
  const auto& base = before == landed_as_.end() ? request.base : before->second;
  if (out.tip != base) {
    out.state = target_moved;
    return out;
  }
  if (pull["state"].view() != "open" || pull["head"]["sha"].view() != request.head ||
      pull["base"]["ref"].view() != target.branch) {
    out.state = proposal_moved;
    return out;
  }
  crash_point("land.asked");
  const RestRequest call{
      "POST", repository->path(fmt::format("/pulls/{}/merge", id)),
      Json::object({{"Do", method_of(target.method)}, {"head_commit_id", request.head}})};
  auto answer = repository->rest().ask(call, deadline);
  // It is still finding out whether it can be merged.
  for (const auto checked = deadline.at_most(k_until_checked);
       answer && answer->status == 405 &&
       answer->body["message"].view().contains("try again later") && !checked.passed();) {
    if (!pause_for(k_between, checked)) return fail(ExitCode::interrupted, "interrupted");
    answer = repository->rest().ask(call, deadline);
  }
  crash_point("land.merged");
  if (!answer || answer->ok() || answer->status >= 500) {
    // Its answer is empty; and of a lost one nobody knows what was done, unless it is asked.
    CDCTL_TRY_ASSIGN(const auto now, repository->pull(id, deadline));
    if (now["merged"].as_bool()) {
      if (!answer || !answer->ok()) return done(now);
      CDCTL_TRY_ASSIGN(out, read_merge(*repository, now, deadline));
      out.state = landed;
      landed_as_[request.commit] = out.tip;
      return out;
    }
    return fail(answer ? repository->rest().refusal(call, *answer) : answer.error());
  }
  const auto error = repository->rest().refusal(call, *answer);
  if (answer->status == 401 || answer->status == 404) return fail(error);
  const auto said = answer->body["message"].view();
  out.state = refused;  // 405: a rule; 423: archived; 409: conflicts, a hook, or one of these two
  if (answer->status == 409 && said.contains("head out of date")) out.state = proposal_moved;
  if (answer->status == 409 && said.contains("push out of date")) out.state = target_moved;
  out.why = error.what;
  return out;
}

Result<bool> GiteaForge::do_clear(const TargetConfig& target, const std::string& id,
                                  const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const repository, repositories_.of(target));
  auto pull = repository->pull(id, deadline);
  if (!pull) {
    if (pull.error().reason == Reason::not_there) return false;
    return fail(pull.error());
  }
  if ((*pull)["head"]["sha"].view() != head) return false;  // it goes on
  CDCTL_TRY_ASSIGN(const bool closed, settle(*repository, target, id, *pull, head, deadline));
  CDCTL_TRY_ASSIGN(const bool removed, remove_branch(*repository, target, *pull, head, deadline));
  return closed || removed;
}

}  // namespace cdctl::gitea
