#include "plugins/gitlab/gitlab_server.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/forges/tree_id.hpp"
#include "plugins/forges/vote_line.hpp"
#include "plugins/gitlab/request_listing.hpp"
#include "plugins/gitlab/words.hpp"

namespace cdctl::gitlab {

using forges::ChangeRequest;

namespace {

constexpr std::int64_t k_developer = 30;  ///< the access level that may push

constexpr forges::ServerWords k_words{.change = "merge request",
                                      .changes_path = "/merge_requests",
                                      .head_refs = "refs/merge-requests/",
                                      .sign = '!',
                                      .statuses = "/repository/commits/{}/statuses",
                                      .status_name = "name",
                                      .status_state = "status",
                                      .failed = "failed",
                                      .cure = "the scope api and the role of a developer"};

std::string api_of(const ServedRepository& repository) {
  return forges::origin_of(repository) + "/api/v4";
}

RestServer server(std::string api, const std::string& token) {
  return {"GitLab", std::move(api), {{"PRIVATE-TOKEN", token}, {"Accept", "application/json"}}};
}

Result<std::unique_ptr<forges::CodeServer>> make(Host& host, const ForgeAccess& access,
                                                 const TargetConfig& target) {
  (void)target;
  return std::make_unique<GitlabServer>(host, access);
}

}  // namespace

const forges::ServerKind k_kind{"gitlab", api_of, make};

CommitStatus::State status_state(std::string_view state) {
  using enum CommitStatus::State;
  if (state == "success") return passed;
  return state == "failed" || state == "canceled" || state == "skipped" ? failed : pending;
}

GitlabServer::GitlabServer(Host& host, const ForgeAccess& access)
    : CodeServer(host, access, server(access.api, access.token)) {}

const forges::ServerWords& GitlabServer::words() const { return k_words; }

std::string GitlabServer::path(std::string_view rest) const {
  return fmt::format("/projects/{}{}", url_encode(access().repository), rest);
}

/// 401 is also who may not merge.
bool GitlabServer::decides(int status) const {
  return status >= 400 && status < 500 && status != 404;
}

Result<std::string> GitlabServer::me(const Deadline& deadline) {
  if (!me_.empty()) return me_;
  CDCTL_TRY_ASSIGN(const auto user, rest().get("/user", deadline));
  me_ = user["username"].as_string();
  if (me_.empty()) return fail(ExitCode::unknown, "GitLab does not tell who the token is");
  return me_;
}

ChangeRequest GitlabServer::read(const Json& request) const {
  ChangeRequest out;
  out.id = std::to_string(request["iid"].as_int());
  out.open = request["state"].view() == "opened";
  out.merged = request["state"].view() == "merged";
  out.head = request["sha"].as_string();
  out.base = request["target_branch"].as_string();
  out.branch = request["source_branch"].as_string();
  out.own_branch = request["source_project_id"].as_int() == request["project_id"].as_int();
  out.description = request["description"].as_string();
  out.json = request;
  return out;
}

std::string GitlabServer::branch_path(const std::string& branch) const {
  return "/repository/branches/" + url_encode(branch);
}

bool GitlabServer::may_push(const Json& project) const {
  const auto& may = project["permissions"];
  return std::max(may["project_access"]["access_level"].as_int(),
                  may["group_access"]["access_level"].as_int()) >= k_developer;
}

Result<std::vector<ChangeRequest>> GitlabServer::using_branch(const std::string& branch,
                                                              const Deadline& deadline) {
  (void)branch;
  CDCTL_TRY_ASSIGN(const auto all,
                   rest().list({path("/merge_requests?state=opened&scope=all"), {}}, deadline));
  std::vector<ChangeRequest> out;
  for (const auto& one : all) out.push_back(read(one));
  return out;
}

std::vector<Result<std::vector<Proposal>>> GitlabServer::list(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  return RequestListing(*this, targets, deadline).read();
}

/// The project that a branch was pushed to: the target's, or a fork.
Result<std::int64_t> GitlabServer::project_id(const std::string& path, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, rest().get("/projects/" + url_encode(path), deadline));
  return found["id"].as_int();
}

Result<std::optional<ChangeRequest>> GitlabServer::find(const TargetConfig& target,
                                                        const PushedBranch& branch,
                                                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto source, project_id(branch.path, deadline));
  const auto query =
      fmt::format("/merge_requests?state=opened&scope=all&source_branch={}&target_branch={}",
                  url_encode(branch.branch), url_encode(target.branch));
  CDCTL_TRY_ASSIGN(const auto all, rest().list({path(query), {}}, deadline));
  for (const auto& json : all) {  // a filter that it does not understand is no filter
    auto one = read(json);
    if (one.branch == branch.branch && one.base == target.branch &&
        json["source_project_id"].as_int() == source)
      return one;
  }
  return std::nullopt;
}

Result<RestRequest> GitlabServer::opening(const TargetConfig& target, const PushedBranch& branch,
                                          const std::string& description,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto home, project_id(access().repository, deadline));
  CDCTL_TRY_ASSIGN(const auto source, project_id(branch.path, deadline));
  return RestRequest{"POST", fmt::format("/projects/{}/merge_requests", source),
                     Json::object({{"title", branch.title.empty() ? branch.branch : branch.title},
                                   {"source_branch", branch.branch},
                                   {"target_branch", target.branch},
                                   {"target_project_id", home},
                                   {"description", description}})};
}

RestRequest GitlabServer::describing(const std::string& id, const std::string& description) const {
  return {"PUT", path("/merge_requests/" + id), Json::object({{"description", description}}), true};
}

RestRequest GitlabServer::closing(const std::string& id) const {
  return {"PUT", path("/merge_requests/" + id), Json::object({{"state_event", "close"}}), true};
}

/// Takes back what we have said against a merge request.
Result<> GitlabServer::resolve_own(const std::string& id, const Json::Array& discussions,
                                   const std::string& me, const Deadline& deadline) {
  for (const auto& one : discussions) {
    if (vote_of(one).empty() || !same_name(begun_by(one)["username"].view(), me)) continue;
    const auto thread =
        path(fmt::format("/merge_requests/{}/discussions/{}", id, url_encode(one["id"].view())));
    const auto done = act({"PUT", thread, Json::object({{"resolved", true}}), true}, deadline);
    if (!done) return fail(done.error().in("resolving what was said against it"));
  }
  return {};
}

Result<> GitlabServer::vote(const ReviewRequest& request, const ChangeRequest& change,
                            ReviewAnswer& out, const Deadline& deadline) {
  if (request.value == "Abstain")
    return fail(ExitCode::usage, "GitLab has no abstention; say nothing, or comment there");
  if (request.value == "Approve" && same_name(change.json["author"]["username"].view(), out.who))
    return fail(ExitCode::refused, request.id + " is your own: GitLab counts no approval of that");
  const auto place = path("/merge_requests/" + request.id);
  CDCTL_TRY_ASSIGN(const auto discussions, rest().list({place + "/discussions", {}}, deadline));
  CDCTL_TRY_ASSIGN(const auto versions, rest().list({place + "/versions", {}}, deadline));
  CDCTL_TRY_ASSIGN(const auto approvals, rest().get(place + "/approvals", deadline));
  bool approved = false, at_head = false;
  for (const auto& by : approvals["approved_by"].items()) {
    if (!same_name(by["user"]["username"].view(), out.who)) continue;
    approved = true;
    auto at = parse_rfc3339(by["approved_at"].view());
    if (!at) at = approved_at(discussions, out.who);
    at_head = head_at(versions, at) == out.head;
  }
  const auto against = std::ranges::find_if(discussions, [&](const Json& thread) {
    return !vote_of(thread).empty() && same_name(begun_by(thread)["username"].view(), out.who);
  });
  const auto said = against != discussions.end() ? vote_of(*against)
                    : at_head                    ? std::string("Approve")
                                                 : std::string();
  if (said == request.value && request.comment.empty()) return {};
  out.changed = true;
  if (request.dry_run) return {};
  CDCTL_TRY(resolve_own(request.id, discussions, out.who, deadline));
  const bool approves = request.value == "Approve";
  if (approved && (!approves || !at_head))  // that of an older commit is taken back first
    CDCTL_TRY(act({"POST", place + "/unapprove", Json::object()}, deadline));
  if (!approves) {
    const auto text = forges::vote_text(request.comment, request.value);
    CDCTL_TRY(act({"POST", place + "/discussions", Json::object({{"body", text}})}, deadline));
    return {};
  }
  if (!at_head)
    CDCTL_TRY(act({"POST", place + "/approve", Json::object({{"sha", out.head}})}, deadline));
  if (!request.comment.empty())
    CDCTL_TRY(act({"POST", place + "/notes", Json::object({{"body", request.comment}})}, deadline));
  return {};
}

Result<std::string> GitlabServer::why_not_counted(const TargetConfig& target,
                                                  const ChangeRequest& change,
                                                  const std::string& who,
                                                  const Deadline& deadline) {
  const auto* const one = &target;
  return RequestListing(*this, std::span(&one, 1), deadline).why_not_counted(change, who);
}

CommentCalls GitlabServer::comments(const std::string& id) const {
  const auto notes = path(fmt::format("/merge_requests/{}/notes", id));
  return {notes, notes + "/", "PUT", "author", "username", {}};
}

/// A name can have one of each pipeline: the newest speaks.
Result<std::vector<CommitStatus>> GitlabServer::statuses(const std::string& commit,
                                                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(commit, deadline));
  std::vector<CommitStatus> out;
  for (const auto& [name, one] : all)
    out.push_back({name, status_state(one["status"].view()),
                   one["description"].as_string(one["status"].view()),
                   one["target_url"].as_string()});
  return out;
}

/// One that is pending cannot become pending: then it says so.
bool GitlabServer::is_same_status(const RestAnswer& answer) const {
  return answer.status == 400 && answer.body["message"].dump().contains("Cannot transition status");
}

/// A status belongs to a ref. By itself GitLab takes a branch of the project, where a fork's head
/// is on none; 409 is another status of the commit that is just being set.
std::optional<RestRequest> GitlabServer::status_again(const RestRequest& request,
                                                      const RestAnswer& answer,
                                                      const std::string& ref) const {
  if (answer.status == 409) return request;
  if (answer.status != 404 || !answer.body["message"].view().contains("References for commit"))
    return std::nullopt;
  auto again = request;
  again.body.set("ref", ref);
  return again;
}

RestRequest GitlabServer::merging(const std::string& id, const LandRequest& request,
                                  MergeMethod method) const {
  return {"PUT", path(fmt::format("/merge_requests/{}/merge", id)),
          Json::object({{"sha", request.head},
                        {"squash", method == MergeMethod::squash},
                        {"should_remove_source_branch", false}})};
}

/// Clients disagree about which of these means what; the merge request itself knows.
bool GitlabServer::may_be_checking(const RestAnswer& answer) const {
  return answer.status == 405 || answer.status == 406 || answer.status == 422;
}

forges::Readiness GitlabServer::readiness(const ChangeRequest& now) const {
  using enum forges::Readiness;
  const auto word = now.json["detailed_merge_status"].view();
  if (word == "checking" || word == "unchecked" || word == "preparing") return unknown;
  return word == "mergeable" ? ready : no;
}

Result<ChangeRequest> GitlabServer::merged_by(const RestAnswer& answer, const std::string& id,
                                              const Deadline& deadline) {
  (void)id, (void)deadline;
  auto out = read(answer.body);
  out.merged = true;
  return out;
}

/// The commit that a merged merge request became: of a fast forward its own.
Result<LandAnswer> GitlabServer::read_merge(const ChangeRequest& change, const Deadline& deadline) {
  LandAnswer out;
  out.state = LandAnswer::State::there;
  for (const auto* member : {"sha", "squash_commit_sha", "merge_commit_sha"})
    if (auto id = change.json[member].as_string(); !id.empty()) out.tip = std::move(id);
  if (out.tip.empty())
    return fail(ExitCode::unknown, "GitLab does not tell the commit of the merge");
  CDCTL_TRY_ASSIGN(
      const auto entries,
      rest().list({path("/repository/tree?ref=" + url_encode(out.tip)), {}}, deadline));
  out.tree = forges::tree_id(entries);
  if (out.tree.empty())
    return fail(ExitCode::unknown, "GitLab does not tell what is in " + printable(out.tip, 64));
  return out;
}

LandAnswer::State GitlabServer::why_unmerged(const RestAnswer& answer) const {
  return answer.status == 409 ? LandAnswer::State::proposal_moved : LandAnswer::State::refused;
}

std::string GitlabServer::more_of(const ChangeRequest& now) const {
  return now.json["detailed_merge_status"].as_string();
}

}  // namespace cdctl::gitlab
