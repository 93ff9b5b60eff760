#include "plugins/gitlab/request_listing.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <cdctl/url.hpp>

#include "plugins/gitlab/words.hpp"

namespace cdctl::gitlab {

namespace {

constexpr std::int64_t k_developer = 30;  ///< the access level that may push

/// The users that GitLab makes for access tokens.
bool is_bot(std::string_view name) {
  return name.contains("_bot") && (name.starts_with("project_") || name.starts_with("group_"));
}

/// Of `reviewers`: `@team/readers`.
bool is_group(std::string_view name) { return name.starts_with('@'); }

/// Somebody's word, as GitLab has it.
struct Word {
  const Json* user = nullptr;
  std::string value, head;
  std::optional<Time> at;
};

/// Approvals, at the head that there was then, and what stands against it.
std::vector<Word> words_of(const Request& request) {
  std::vector<Word> out;
  for (const auto& one : request.approvals["approved_by"].items()) {
    const auto& user = one["user"];
    auto at = parse_rfc3339(one["approved_at"].view());
    if (!at) at = approved_at(request.discussions, user["username"].view());
    out.push_back({&user, "Approve", head_at(request.versions, at), at});
  }
  const auto against = [&](const Json& user, const std::string& value, std::optional<Time> at) {
    std::erase_if(out, [&](const Word& word) {
      return (*word.user)["username"].view() == user["username"].view();
    });
    out.push_back({&user, value, request.head, at});
  };
  for (const auto& one : request.reviewers.items())
    if (one["state"].view() == "requested_changes") against(one["user"], "Needs Fixing", {});
  for (const auto& one : request.discussions)
    if (const auto vote = vote_of(one); !vote.empty())
      against(begun_by(one), vote,
              parse_rfc3339(one["notes"].items().front()["created_at"].view()));
  return out;
}

bool made_some(const Request& request, const Json& user) {
  if (same_name(request.json["author"]["username"].view(), user["username"].view())) return true;
  return std::ranges::any_of(request.commits, [&](const Json& commit) {
    return !user["name"].view().empty() && commit["author_name"].view() == user["name"].view();
  });
}

/// Why it is not known what was said of one, or whether it counts.
const Error* unread(const Request& request, const forges::Trust& trust) {
  if (request.unread) return &*request.unread;
  for (const auto& word : words_of(request))
    if (const auto* why = trust.unknown((*word.user)["username"].as_string())) return why;
  return nullptr;
}

std::vector<Vote> votes_of(const Request& request, const forges::Trust& trust, bool unresolved) {
  std::vector<Vote> out;
  const auto head = request.head;
  for (const auto& word : words_of(request)) {
    Vote vote;
    vote.who = (*word.user)["username"].as_string();
    vote.value = word.value;
    vote.head = word.head;
    vote.at = word.at;
    vote.why = trust.why_not(vote.who, is_bot(vote.who));
    if (vote.why.empty() && word.head.empty()) vote.why = "GitLab does not tell when it was given";
    if (vote.why.empty() && made_some(request, *word.user)) vote.why = "an author's own";
    vote.trusted = vote.why.empty();
    out.push_back(std::move(vote));
  }
  for (const auto& one : request.reviewers.items())
    if (one["state"].view() == "unreviewed")
      out.push_back({one["user"]["username"].as_string(), "Pending", head, true, {}, {}});
  for (const auto& one : request.discussions)
    if (unresolved && is_open(one)) out.push_back({"thread", "Unresolved", head, true, {}, {}});
  return out;
}

}  // namespace

Result<> RequestListing::open() {
  std::string path = "/merge_requests?state=opened&scope=all&order_by=created_at&sort=asc";
  if (targets().size() == 1) path += "&target_branch=" + url_encode(targets().front()->branch);
  CDCTL_TRY_ASSIGN(const auto list, rest().list({server_.path(path), {}}, deadline()));
  for (const auto& json : list) {
    auto one = server_.read(json);
    // One without a commit proposes nothing.
    if (!is_wanted(one.base) || one.head.empty() || !is_whole(one)) continue;
    requests_.push_back({std::move(one), {}, {}, {}, {}, {}, {}});
  }
  CDCTL_TRY(check_some(!requests_.empty()));
  details();
  return {};
}

/// What was said of all of them.
void RequestListing::details() {
  std::vector<RestList> wanted;
  std::vector<std::string> paths;
  for (const auto& request : requests_) {
    const auto path_of = [&](std::string_view what) {
      return server_.path(fmt::format("/merge_requests/{}/{}", request.id, what));
    };
    for (const auto* what : {"versions", "discussions", "commits"})
      wanted.push_back({path_of(what), {}});
    for (const auto* what : {"approvals", "reviewers"}) paths.push_back(path_of(what));
  }
  auto lists = rest().lists(wanted, deadline());
  auto values = rest().get_all(paths, deadline());
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    auto& request = requests_[i];
    const auto take = [&](auto& answer, auto& into) {
      if (answer)
        into = std::move(*answer);
      else
        request.unread = answer.error();
    };
    take(lists[3 * i], request.versions);
    take(lists[3 * i + 1], request.discussions);
    take(lists[3 * i + 2], request.commits);
    take(values[2 * i], request.approvals);
    // Servers of before that do not have it, nor what it tells.
    if (auto& reviewers = values[2 * i + 1];
        reviewers || reviewers.error().reason != Reason::not_there)
      take(reviewers, request.reviewers);
  }
}

/// GitLab asks by number.
void RequestListing::ask(forges::Trust& trust, const std::map<std::string, std::int64_t>& ids) {
  std::set<std::string> logins;
  for (const auto& [login, id] : ids) logins.insert(login);
  const auto questions = [&](const std::string& login) {
    const auto id = ids.at(login);
    std::vector<std::string> out;
    if (trust.by_right()) out.push_back(server_.path(fmt::format("/members/all/{}", id)));
    for (const auto& group : trust.groups())
      out.push_back(fmt::format("/groups/{}/members/all/{}", url_encode(group.substr(1)), id));
    return out;
  };
  const auto yes = [&](const Json& answer) {
    return answer["state"].as_string("active") == "active" &&
           (!trust.by_right() || answer["access_level"].as_int() >= k_developer);
  };
  trust.ask(rest(), logins, questions, yes, deadline());
}

Result<std::string> RequestListing::why_not_counted(const forges::ChangeRequest& change,
                                                    const std::string& who) {
  CDCTL_TRY_ASSIGN(const auto me, rest().get("/user", deadline()));
  requests_ = {{change, {}, {}, {}, {}, {}, {}}};
  details();
  const auto& request = requests_.front();
  if (request.unread) return fail(*request.unread);
  forges::Trust trust(*targets().front(), is_group);
  ask(trust, {{who, me["id"].as_int()}});
  if (const auto* why = trust.unknown(who)) return fail(*why);
  return trust.why_not_own(who, is_bot(who), made_some(request, me));
}

Result<std::vector<Proposal>> RequestListing::of(const TargetConfig& target,
                                                 const std::string& base) {
  forges::Trust trust(target, is_group);
  std::map<std::string, std::int64_t> ids;
  for (const auto& request : requests_)
    if (request.base == target.branch)
      for (const auto& word : words_of(request))
        ids.emplace((*word.user)["username"].as_string(), (*word.user)["id"].as_int());
  ask(trust, ids);
  std::vector<Proposal> out;
  for (const auto& request : requests_)
    if (request.base == target.branch) out.push_back(proposal_of(request, target, base, trust));
  return out;
}

Proposal RequestListing::proposal_of(const Request& request, const TargetConfig& target,
                                     const std::string& base, const forges::Trust& trust) const {
  auto out = begin(request, target, base);
  out.draft = request.json["draft"].as_bool() || request.json["work_in_progress"].as_bool();
  out.link = request.json["web_url"].as_string();
  for (const auto& label : request.json["labels"].items()) out.labels.push_back(label.as_string());
  for (const auto& commit : request.commits) {  // the newest first
    add_person(out.authors,
               {commit["author_name"].as_string(), commit["author_email"].as_string()});
    for (auto& other : co_authors(commit["message"].view()))
      add_person(out.authors, std::move(other));
  }
  // Whose it is first of all stands last, whatever else is by them and whom they name.
  if (!request.commits.empty()) {
    const auto& last = request.commits.back();
    const Person first{last["author_name"].as_string(), last["author_email"].as_string()};
    if (std::erase(out.authors, first) > 0) out.authors.push_back(first);
  }
  out.votes = votes_of(request, trust, asks_for(target, "Unresolved"));
  if (const auto* why = unread(request, trust)) mark_unread(out, *why);
  return out;
}

}  // namespace cdctl::gitlab
