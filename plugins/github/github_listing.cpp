#include "plugins/github/github_listing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::github {

using forges::Pull;

namespace {

/// GitHub's list of a pull request's commits ends there, whatever it has.
constexpr std::size_t k_most_commits = 250;

}  // namespace

std::string GithubListing::list_path() const {
  std::string path = "/pulls?state=open&sort=created&direction=asc";
  if (targets().size() == 1) path += "&base=" + url_encode(targets().front()->branch);
  return path;
}

std::string_view GithubListing::commits_path() const { return "commits"; }

/// Commits come the oldest first.
Result<> GithubListing::complete(Pull& pull) {
  if (pull.commits.size() >= k_most_commits) {
    const auto path = fmt::format("/compare/{}...{}", pull.json["base"]["sha"].view(), pull.head);
    CDCTL_TRY_ASSIGN(pull.commits, rest().list({server().path(path), "commits"}, deadline()));
  }
  std::ranges::reverse(pull.commits);
  return {};
}

/// Only GraphQL tells which conversations are resolved.
Result<> GithubListing::count_unresolved(Pull& pull) {
  constexpr const char* k_query =
      "query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,"
      "name:$name){pullRequest(number:$number){reviewThreads(first:100,after:$after){nodes{"
      "isResolved}pageInfo{hasNextPage endCursor}}}}}";
  std::string_view name = github_.access().repository;
  const auto owner = take_until(name, '/');
  Json after;
  pull.unresolved = 0;
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto said,
                     github_.query(k_query,
                                   Json::object({{"owner", owner},
                                                 {"name", name},
                                                 {"number", pull.json["number"].as_int()},
                                                 {"after", after}}),
                                   deadline()));
    const auto& threads = said["data"]["repository"]["pullRequest"]["reviewThreads"];
    if (!threads["nodes"].is_array())
      return fail(ExitCode::unknown, "GitHub does not tell the conversations of a pull request");
    for (const auto& thread : threads["nodes"].items())
      pull.unresolved += thread["isResolved"].as_bool(false) ? 0 : 1;
    if (!threads["pageInfo"]["hasNextPage"].as_bool()) return {};
    after = threads["pageInfo"]["endCursor"];
  }
}

Result<> GithubListing::ask(forges::Trust& trust, const std::set<std::string>& logins) {
  const auto questions = [&](const std::string& login) {
    std::vector<std::string> out;
    if (trust.by_right())
      out.push_back(server().path(fmt::format("/collaborators/{}/permission", url_encode(login))));
    for (const auto& team : trust.groups()) {
      std::string_view name = team;
      const auto organisation = take_until(name, '/');
      out.push_back(fmt::format("/orgs/{}/teams/{}/memberships/{}", url_encode(organisation),
                                url_encode(name), url_encode(login)));
    }
    return out;
  };
  const auto yes = [&](const Json& answer) {
    const auto may = answer["permission"].view();
    return trust.by_right() ? may == "admin" || may == "write" : answer["state"].view() == "active";
  };
  trust.ask(rest(), logins, questions, yes, deadline());
  return {};
}

std::string GithubListing::login_of(const Json& review) const {
  return review["user"]["login"].as_string();
}

bool GithubListing::is_bot(const Json& user) const {
  return user["type"].view() == "Bot" || user["login"].view().ends_with("[bot]");
}

bool GithubListing::is_draft(const Json& pull) const { return pull["draft"].as_bool(); }

bool GithubListing::is_server(std::string_view login) const { return login == "web-flow"; }

std::vector<std::string> GithubListing::pending(const Pull& pull) const {
  std::vector<std::string> out;
  for (const auto& user : pull.json["requested_reviewers"].items())
    out.push_back(user["login"].as_string());
  for (const auto& team : pull.json["requested_teams"].items())
    out.push_back("team " + team["slug"].as_string());
  return out;
}

}  // namespace cdctl::github
