#include "plugins/forges/pull_server.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/forges/vote_line.hpp"

namespace cdctl::forges {

std::string vote_of(const Json& review, const ReviewWords& words) {
  const auto state = review["state"].view();
  if (state == "APPROVED") return "Approve";
  if (state != words.wants_more) return {};
  auto kept =
      vote_in(review["body"].view(), {"Disapprove", "Needs Information", "Needs Resubmitting"});
  return kept.empty() ? "Needs Fixing" : kept;
}

std::string_view merge_word(MergeMethod method) {
  return method == MergeMethod::squash   ? "squash"
         : method == MergeMethod::rebase ? "rebase"
                                         : "merge";
}

std::string PullServer::path(std::string_view rest) const {
  return fmt::format("/repos/{}{}", access().repository, rest);
}

ChangeRequest PullServer::read(const Json& pull) const {
  ChangeRequest out;
  out.id = std::to_string(pull["number"].as_int());
  out.open = pull["state"].view() == "open";
  out.merged = pull["merged"].as_bool();
  out.head = pull["head"]["sha"].as_string();
  out.base = pull["base"]["ref"].as_string();
  out.branch = pull["head"]["ref"].as_string();
  out.own_branch = same_name(pull["head"]["repo"]["full_name"].view(), access().repository);
  out.description = pull["body"].as_string();
  out.json = pull;
  return out;
}

Result<std::vector<ChangeRequest>> PullServer::read_all(const std::string& list,
                                                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, rest().list({path(list), {}}, deadline));
  std::vector<ChangeRequest> out;
  for (const auto& pull : all) out.push_back(read(pull));
  return out;
}

Result<std::optional<ChangeRequest>> PullServer::find_in(const std::string& list,
                                                         const TargetConfig& target,
                                                         const PushedBranch& branch,
                                                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, read_all(list, deadline));
  for (const auto& one : all)  // a filter that it does not understand is no filter
    if (one.branch == branch.branch && one.base == target.branch &&
        same_name(one.json["head"]["repo"]["full_name"].view(), branch.path))
      return one;
  return std::nullopt;
}

Result<RestRequest> PullServer::opening(const TargetConfig& target, const PushedBranch& branch,
                                        const std::string& description, const Deadline& deadline) {
  (void)deadline;
  const auto head = same_name(branch.path, access().repository)
                        ? branch.branch
                        : branch.owner + ":" + branch.branch;
  return RestRequest{"POST", path("/pulls"),
                     Json::object({{"title", branch.title.empty() ? branch.branch : branch.title},
                                   {"head", head},
                                   {"base", target.branch},
                                   {"body", description}})};
}

RestRequest PullServer::describing(const std::string& id, const std::string& description) const {
  return {"PATCH", path("/pulls/" + id), Json::object({{"body", description}}), true};
}

RestRequest PullServer::closing(const std::string& id) const {
  return {"PATCH", path("/pulls/" + id), Json::object({{"state", "closed"}}), true};
}

Result<> PullServer::vote(const ReviewRequest& request, const ChangeRequest& change,
                          ReviewAnswer& out, const Deadline& deadline) {
  const auto reviews = path(fmt::format("/pulls/{}/reviews", change.id));
  CDCTL_TRY_ASSIGN(const auto all, rest().list({reviews, {}}, deadline));
  std::string said;
  for (const auto& review : all) {
    if (out.who.empty() || !same_name(review["user"]["login"].view(), out.who)) continue;
    if (is_dismissed(review)) {
      said.clear();
      continue;
    }
    if (const auto vote = vote_of(review, review_words()); !vote.empty())
      said = review["commit_id"].view() == out.head ? vote : std::string();
  }
  if (said == request.value && request.comment.empty()) return {};
  out.changed = true;
  if (request.dry_run) return {};
  const bool approves = request.value == "Approve";
  // What is no approval needs a text.
  auto body = approves ? request.comment : vote_text(request.comment, request.value);
  const auto event = approves                     ? review_words().approve
                     : request.value == "Abstain" ? "COMMENT"
                                                  : "REQUEST_CHANGES";
  CDCTL_TRY_ASSIGN(
      const auto made,
      act({"POST", reviews,
           Json::object({{"commit_id", out.head}, {"event", event}, {"body", std::move(body)}})},
          deadline));
  if (out.who.empty()) out.who = made["user"]["login"].as_string();
  return {};
}

CommentCalls PullServer::comments(const std::string& id) const {
  return {path(fmt::format("/issues/{}/comments", id)),
          path("/issues/comments/"),
          "PATCH",
          "user",
          "login",
          {}};
}

Result<LandAnswer> PullServer::read_merge(const ChangeRequest& change, const Deadline& deadline) {
  LandAnswer out;
  out.state = LandAnswer::State::there;
  out.tip = change.json["merge_commit_sha"].as_string();
  if (out.tip.empty())
    return fail(ExitCode::unknown, name() + " does not tell the commit of the merge");
  CDCTL_TRY_ASSIGN(out.tree, tree_of(out.tip, deadline));
  if (out.tree.empty())
    return fail(ExitCode::unknown, name() + " does not tell the tree of the merge");
  return out;
}

}  // namespace cdctl::forges
