#include "plugins/gitea/gitea_listing.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::gitea {

using forges::Pull;

namespace {

/// Gitea asks for a team by its number.
Result<std::vector<std::int64_t>> team_ids(Rest& rest, const std::vector<std::string>& teams,
                                           const Deadline& deadline) {
  std::vector<std::int64_t> out;
  for (const auto& team : teams) {
    std::string_view name = team;
    const auto organisation = take_until(name, '/');
    const auto all =
        rest.list({fmt::format("/orgs/{}/teams", url_encode(organisation)), {}}, deadline);
    if (!all)  // a 403 says nothing of what it was asked for
      return fail(all.error().in(
          fmt::format("gitea.reviewers: looking for the team {}", printable(team, 60))));
    const auto found = std::ranges::find_if(
        *all, [&](const Json& one) { return same_name(one["name"].view(), name); });
    if (found == all->end())
      return fail(ExitCode::unknown, fmt::format("gitea.reviewers: there is no team {}, or the "
                                                 "token may not see it",
                                                 printable(team, 60)));
    out.push_back((*found)["id"].as_int());
  }
  return out;
}

}  // namespace

std::string GiteaListing::list_path() const { return "/pulls?state=open&sort=oldest"; }

std::string_view GiteaListing::commits_path() const {
  return "commits?verification=false&files=false";
}

/// Commits come the newest first.
Result<> GiteaListing::complete(Pull& pull) {
  std::ranges::stable_sort(pull.reviews, {}, [](const Json& one) { return one["id"].as_int(); });
  return {};
}

/// A conversation is the comments on one line; one of them knows who has resolved it.
Result<> GiteaListing::count_unresolved(Pull& pull) {
  std::vector<RestList> wanted;
  for (const auto& review : pull.reviews)
    if (review["comments_count"].as_int() > 0)
      wanted.push_back({server().path(fmt::format("/pulls/{}/reviews/{}/comments", pull.id,
                                                  review["id"].as_int())),
                        {}});
  std::map<std::string, bool> resolved;
  for (const auto& list : rest().lists(wanted, deadline())) {
    if (!list) return fail(list.error());
    for (const auto& comment : *list) {
      auto& one =
          resolved[fmt::format("{}\n{}\n{}", comment["path"].view(), comment["position"].as_int(),
                               comment["original_position"].as_int())];
      one = one || !comment["resolver"].is_null();
    }
  }
  pull.unresolved = static_cast<std::size_t>(
      std::ranges::count_if(resolved, [](const auto& one) { return !one.second; }));
  return {};
}

Result<> GiteaListing::ask(forges::Trust& trust, const std::set<std::string>& logins) {
  if (logins.empty()) return {};
  CDCTL_TRY_ASSIGN(const auto teams, team_ids(rest(), trust.groups(), deadline()));
  const auto questions = [&](const std::string& login) {
    std::vector<std::string> out;
    if (trust.by_right())
      out.push_back(server().path(fmt::format("/collaborators/{}/permission", url_encode(login))));
    for (const auto team : teams)
      out.push_back(fmt::format("/teams/{}/members/{}", team, url_encode(login)));
    return out;
  };
  const auto yes = [&](const Json& answer) {
    const auto may = answer["permission"].view();
    return !trust.by_right() || may == "owner" || may == "admin" || may == "write";
  };
  trust.ask(rest(), logins, questions, yes, deadline());
  return {};
}

std::string GiteaListing::login_of(const Json& review) const {
  const auto& user = review["user"];
  return user["id"].as_int() > 0 ? user["login"].as_string() : std::string();
}

bool GiteaListing::is_bot(const Json& user) const {
  return user["login"].view().ends_with("[bot]");
}

/// Servers of before `draft` tell it by the title alone.
bool GiteaListing::is_draft(const Json& pull) const {
  const auto title = pull["title"].view();
  return pull["draft"].as_bool() || same_name(title.substr(0, 4), "WIP:") ||
         same_name(title.substr(0, 5), "[WIP]");
}

bool GiteaListing::is_stale(const Json& review) const { return review["stale"].as_bool(); }

std::vector<std::string> GiteaListing::pending(const Pull& pull) const {
  std::vector<std::string> out;
  for (const auto& review : pull.reviews) {
    if (review["state"].view() != "REQUEST_REVIEW" || review["dismissed"].as_bool()) continue;
    const auto login = login_of(review);
    out.push_back(login.empty() ? "team " + review["team"]["name"].as_string() : login);
  }
  return out;
}

}  // namespace cdctl::gitea
