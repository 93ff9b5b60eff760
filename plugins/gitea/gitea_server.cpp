#include "plugins/gitea/gitea_server.hpp"

#include <fmt/format.h>

#include <cdctl/url.hpp>

#include "plugins/forges/tree_id.hpp"
#include "plugins/gitea/gitea_listing.hpp"

namespace cdctl::gitea {

using forges::ChangeRequest;

namespace {

constexpr forges::ServerWords k_words{.status_state = "status",
                                      .cure = "write access to the repository and issues"};

/// Below the same path of its server as the repository: `https://git.example/gitea/team/thumbs`.
std::string api_of(const ServedRepository& repository) {
  const bool http = repository.scheme == "http" || repository.scheme == "https";
  auto before = http ? repository.path.substr(0, repository.path.rfind('/')) : std::string();
  before.resize(before.find('/') == before.npos ? 0 : before.rfind('/'));
  return fmt::format("{}{}{}/api/v1", forges::origin_of(repository), before.empty() ? "" : "/",
                     before);
}

/// The last two parts of a path.
std::string owner_and_name(const std::string& path) {
  const auto name = path.rfind('/');
  const auto owner = name == 0 ? path.npos : path.rfind('/', name - 1);
  return owner == path.npos ? path : path.substr(owner + 1);
}

RestServer server(std::string api, const std::string& token) {
  return {"Gitea",
          std::move(api),
          {{"Authorization", "token " + token}, {"Accept", "application/json"}},
          "limit",
          50};
}

Result<std::unique_ptr<forges::CodeServer>> make(Host& host, const ForgeAccess& access,
                                                 const TargetConfig& target) {
  (void)target;
  auto own = access;
  own.repository = owner_and_name(access.repository);
  return std::make_unique<GiteaServer>(host, own);
}

/// What a merge is told. Servers of before 1.26 know its members by other names alone.
Json merge_body(std::string_view how, std::string_view commit = {}) {
  auto out = Json::object({{"do", how}, {"Do", how}});
  if (!commit.empty()) out.set("merge_commit_id", commit).set("MergeCommitID", commit);
  return out;
}

}  // namespace

const forges::ServerKind k_kind{"gitea", api_of, make};

CommitStatus::State status_state(std::string_view state) {
  using enum CommitStatus::State;
  if (state == "success" || state == "warning" || state == "skipped") return passed;
  return state == "failure" || state == "error" ? failed : pending;
}

GiteaServer::GiteaServer(Host& host, const ForgeAccess& access)
    : PullServer(host, access, server(access.api, access.token)) {}

const forges::ServerWords& GiteaServer::words() const { return k_words; }

const forges::ReviewWords& GiteaServer::review_words() const { return k_review_words; }

/// Gitea tells the permissions of others to administrators alone, and answers 403.
void GiteaServer::examine(const TargetConfig& target, const Json& repository, Check& out) const {
  const bool named = !target.table["gitea"]["reviewers"].items().empty();
  if (named || repository["permissions"]["admin"].as_bool()) return;
  out.state = Check::State::bad;
  out.found += "; it may not ask who may push, so no review of anybody counts";
  out.cure = "name the reviewers, reviewers = [\"LOGIN\"] in [gitea] of " + target.file.string() +
             ", or use the token of an administrator of the repository";
}

bool GiteaServer::is_dismissed(const Json& review) const { return review["dismissed"].as_bool(); }

std::string GiteaServer::branch_path(const std::string& branch) const {
  return "/branches/" + ref_path(branch);
}

/// What Gitea calls the tree's id, of a commit and of a tree, is the commit's (1.26,
/// services/convert/git_commit.go): what is in it tells. A page has a thousand entries, and no
/// Link.
Result<std::string> GiteaServer::tree_of(const std::string& commit, const Deadline& deadline) {
  constexpr int k_pages = 100;
  Json::Array entries;
  for (int page = 1; page <= k_pages; ++page) {
    CDCTL_TRY_ASSIGN(
        const auto found,
        rest().get(path(fmt::format("/git/trees/{}?per_page=1000&page={}", commit, page)),
                   deadline));
    const auto& more = found["tree"].items();
    entries.insert(entries.end(), more.begin(), more.end());
    if (!found["truncated"].as_bool()) return forges::tree_id(entries, {"path", "sha"});
  }
  return fail(ExitCode::unknown,
              fmt::format("Gitea tells {} entries of the folder at the top of {} and no end",
                          entries.size(), commit));
}

/// It has no filter by the branch that a pull request comes from.
Result<std::vector<ChangeRequest>> GiteaServer::using_branch(const std::string& branch,
                                                             const Deadline& deadline) {
  (void)branch;
  return read_all("/pulls?state=open", deadline);
}

std::vector<Result<std::vector<Proposal>>> GiteaServer::list(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  return GiteaListing(*this, targets, deadline).read();
}

Result<std::optional<ChangeRequest>> GiteaServer::find(const TargetConfig& target,
                                                       const PushedBranch& branch,
                                                       const Deadline& deadline) {
  return find_in("/pulls?state=open", target, branch, deadline);
}

Result<std::string> GiteaServer::why_not_counted(const TargetConfig& target,
                                                 const ChangeRequest& change,
                                                 const std::string& who, const Deadline& deadline) {
  const auto* const one = &target;
  return GiteaListing(*this, std::span(&one, 1), deadline).why_not_counted(change, who);
}

Result<std::vector<CommitStatus>> GiteaServer::statuses(const std::string& commit,
                                                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, newest_statuses(commit, deadline));
  std::vector<CommitStatus> out;
  for (const auto& [context, one] : all)
    out.push_back({context, status_state(one["status"].view()), one["description"].as_string(),
                   one["target_url"].as_string()});
  return out;
}

RestRequest GiteaServer::merging(const std::string& id, const LandRequest& request,
                                 MergeMethod method) const {
  auto body = merge_body(forges::merge_word(method));
  body.set("head_commit_id", request.head);
  return {"POST", path(fmt::format("/pulls/{}/merge", id)), std::move(body)};
}

bool GiteaServer::may_be_checking(const RestAnswer& answer) const {
  return answer.status == 405 && answer.body["message"].view().contains("try again later");
}

/// It says of a conflict what it says while it checks, here and there.
forges::Readiness GiteaServer::readiness(const ChangeRequest& now) const {
  if (!now.open) return forges::Readiness::no;
  return now.json["mergeable"].as_bool() ? forges::Readiness::ready : forges::Readiness::unknown;
}

/// Its answer is empty.
Result<ChangeRequest> GiteaServer::merged_by(const RestAnswer& answer, const std::string& id,
                                             const Deadline& deadline) {
  (void)answer;
  return change(id, deadline);
}

/// 405 is a rule, 423 an archive, 409 a conflict, a hook, or one of these two.
LandAnswer::State GiteaServer::why_unmerged(const RestAnswer& answer) const {
  using enum LandAnswer::State;
  const auto said = answer.body["message"].view();
  if (answer.status == 409 && said.contains("head out of date")) return proposal_moved;
  if (answer.status == 409 && said.contains("push out of date")) return target_moved;
  return refused;
}

/// The commit of the target that merged a head, where that is one of the newest; otherwise the
/// newest.
Result<std::string> GiteaServer::merge_commit(const TargetConfig& target, const std::string& head,
                                              const Deadline& deadline) {
  const auto query =
      fmt::format("/commits?sha={}&limit=50&stat=false&verification=false&files=false",
                  url_encode(target.branch));
  CDCTL_TRY_ASSIGN(const auto commits, rest().get(path(query), deadline));
  for (const auto& commit : commits.items())
    for (const auto& parent : commit["parents"].items())
      if (parent["sha"].view() == head && commit["parents"].items().size() > 1)
        return commit["sha"].as_string();
  return tip(target.branch, deadline);
}

/// Tells Gitea that an open pull request has landed: as merged, where its repository allows that
/// word, and otherwise by closing it.
Result<bool> GiteaServer::settle(const TargetConfig& target, ChangeRequest& one,
                                 const Deadline& deadline) {
  if (!one.open) return false;
  CDCTL_TRY_ASSIGN(const auto commit, merge_commit(target, one.head, deadline));
  const RestRequest request{"POST", path(fmt::format("/pulls/{}/merge", one.id)),
                            merge_body("manually-merged", commit), true};
  CDCTL_TRY_ASSIGN(const auto answer, rest().ask(request, deadline));
  if (answer.ok()) return true;
  CDCTL_TRY_ASSIGN(one, change(one.id, deadline));
  if (!one.open) return false;  // it has noticed by itself
  const auto closed = act(closing(one.id), deadline);
  if (!closed) return fail(closed.error().in("closing it"));
  return true;
}

}  // namespace cdctl::gitea
