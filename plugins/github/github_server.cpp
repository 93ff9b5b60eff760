#include "plugins/github/github_server.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/github/github_listing.hpp"

namespace cdctl::github {

using forges::ChangeRequest;

namespace {

constexpr forges::ServerWords k_words{
    .statuses = "/commits/{}/status",  // the newest of each context, and of a thousand no more
    .statuses_member = "statuses",
    .status_state = "state",
    .nobody = "an app",
    .cure = "write access to contents, pull requests and commit statuses"};

std::string api_of(const ServedRepository& repository) {
  if (repository.host == "github.com") return "https://api.github.com";
  return forges::origin_of(repository) + "/api/v3";
}

/// `https://git.example/api/v3` → `https://git.example/api`, and `/graphql` follows.
std::string graph_of(std::string api) {
  if (api.ends_with("/v3")) api.resize(api.size() - 3);
  return api;
}

RestServer server(std::string api, const std::string& token) {
  return {"GitHub",
          std::move(api),
          {{"Authorization", "Bearer " + token},
           {"Accept", "application/vnd.github+json"},
           {"X-GitHub-Api-Version", "2022-11-28"}}};
}

Result<std::unique_ptr<forges::CodeServer>> make(Host& host, const ForgeAccess& access,
                                                 const TargetConfig& target) {
  if (split(access.repository, '/').size() != 2)
    return fail(ExitCode::config,
                fmt::format("{}: 'github.repository' must be an owner and a name, such as "
                            "\"team/thumbs\"",
                            target.file.string()));
  return std::make_unique<GithubServer>(host, access);
}

/// Two of one name, as of two workflows: the worse one speaks.
void add_worse(std::vector<CommitStatus>& all, CommitStatus status) {
  const auto same = std::ranges::find(all, status.name, &CommitStatus::name);
  const auto rank = [](CommitStatus::State state) {
    return state == CommitStatus::State::failed ? 2 : state == CommitStatus::State::pending;
  };
  if (same == all.end())
    all.push_back(std::move(status));
  else if (rank(status.state) > rank(same->state))
    *same = std::move(status);
}

}  // namespace

const forges::ServerKind k_kind{"github", api_of, make};

CommitStatus::State status_state(std::string_view state) {
  using enum CommitStatus::State;
  if (state == "success") return passed;
  return state == "failure" || state == "error" ? failed : pending;
}

CommitStatus::State check_state(std::string_view status, std::string_view conclusion) {
  using enum CommitStatus::State;
  if (status != "completed") return pending;
  if (conclusion == "success" || conclusion == "neutral" || conclusion == "skipped") return passed;
  for (const auto* bad :
       {"failure", "cancelled", "timed_out", "action_required", "stale", "startup_failure"})
    if (conclusion == bad) return failed;
  return pending;  // a word that we do not know is not a pass
}

GithubServer::GithubServer(Host& host, const ForgeAccess& access)
    : PullServer(host, access, server(access.api, access.token)),
      graph_(host, server(graph_of(access.api), access.token)) {}

Result<Json> GithubServer::query(const std::string& text, Json variables,
                                 const Deadline& deadline) {
  const RestRequest request{"POST", "/graphql",
                            Json::object({{"query", text}, {"variables", std::move(variables)}}),
                            true};
  CDCTL_TRY_ASSIGN(auto answer, graph_.ask(request, deadline));
  if (!answer.ok()) return fail(graph_.refusal(request, answer));
  if (!answer.body["errors"].items().empty())
    return fail(ExitCode::unknown,
                fmt::format("GitHub does not answer a question: {}",
                            printable(answer.body["errors"].items().front()["message"].view())));
  return std::move(answer.body);
}

const forges::ServerWords& GithubServer::words() const { return k_words; }

const forges::ReviewWords& GithubServer::review_words() const { return k_review_words; }

bool GithubServer::is_dismissed(const Json& review) const {
  return review["state"].view() == "DISMISSED";
}

std::string GithubServer::branch_path(const std::string& branch) const {
  return "/git/ref/heads/" + ref_path(branch);
}

std::string GithubServer::removal_path(const std::string& branch) const {
  return "/git/refs/heads/" + ref_path(branch);
}

std::string GithubServer::tip_of(const Json& ref) const { return ref["object"]["sha"].as_string(); }

Result<std::string> GithubServer::tree_of(const std::string& commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, rest().get(path("/git/commits/" + commit), deadline));
  return found["tree"]["sha"].as_string();
}

Result<std::vector<ChangeRequest>> GithubServer::using_branch(const std::string& branch,
                                                              const Deadline& deadline) {
  std::string_view name = access().repository;
  const auto owner = take_until(name, '/');
  std::vector<ChangeRequest> out;
  for (const auto& filter : {fmt::format("base={}", url_encode(branch)),
                             fmt::format("head={}:{}", url_encode(owner), url_encode(branch))}) {
    CDCTL_TRY_ASSIGN(auto some, read_all("/pulls?state=open&" + filter, deadline));
    std::ranges::move(some, std::back_inserter(out));
  }
  return out;
}

std::vector<Result<std::vector<Proposal>>> GithubServer::list(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  return GithubListing(*this, targets, deadline).read();
}

Result<std::optional<ChangeRequest>> GithubServer::find(const TargetConfig& target,
                                                        const PushedBranch& branch,
                                                        const Deadline& deadline) {
  return find_in(fmt::format("/pulls?state=open&head={}:{}&base={}", url_encode(branch.owner),
                             url_encode(branch.branch), url_encode(target.branch)),
                 target, branch, deadline);
}

Result<std::string> GithubServer::why_not_counted(const TargetConfig& target,
                                                  const ChangeRequest& change,
                                                  const std::string& who,
                                                  const Deadline& deadline) {
  const auto* const one = &target;
  return GithubListing(*this, std::span(&one, 1), deadline).why_not_counted(change, who);
}

Result<std::vector<CommitStatus>> GithubServer::statuses(const std::string& commit,
                                                         const Deadline& deadline) {
  const RestList wanted[] = {
      {path(fmt::format("/commits/{}/status", commit)), "statuses"},
      {path(fmt::format("/commits/{}/check-runs?filter=latest", commit)), "check_runs"}};
  const auto lists = rest().lists(wanted, deadline);
  for (const auto& list : lists)
    if (!list) return fail(list.error());
  std::vector<CommitStatus> out;
  for (const auto& one : *lists[0])
    add_worse(out, {one["context"].as_string(), status_state(one["state"].view()),
                    one["description"].as_string(), one["target_url"].as_string()});
  for (const auto& one : *lists[1])
    if (one["head_sha"].as_string(commit) == commit)
      add_worse(out, {one["name"].as_string(),
                      check_state(one["status"].view(), one["conclusion"].view()),
                      one["output"]["title"].as_string(one["conclusion"].view()),
                      one["html_url"].as_string()});
  return out;
}

RestRequest GithubServer::merging(const std::string& id, const LandRequest& request,
                                  MergeMethod method) const {
  return {"PUT", path(fmt::format("/pulls/{}/merge", id)),
          Json::object({{"sha", request.head}, {"merge_method", forges::merge_word(method)}})};
}

/// Its answer tells the commit.
Result<ChangeRequest> GithubServer::merged_by(const RestAnswer& answer, const std::string& id,
                                              const Deadline& deadline) {
  (void)deadline;
  ChangeRequest out;
  out.id = id;
  out.merged = true;
  out.json = Json::object({{"merge_commit_sha", answer.body["sha"]}});
  return out;
}

/// 405 is "not mergeable", and also "somebody pushed while we merged".
LandAnswer::State GithubServer::why_unmerged(const RestAnswer& answer) const {
  using enum LandAnswer::State;
  if (answer.status == 409) return proposal_moved;
  return answer.status == 405 && answer.body["message"].view().contains("Base branch was modified")
             ? target_moved
             : refused;
}

}  // namespace cdctl::github
