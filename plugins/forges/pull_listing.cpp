#include "plugins/forges/pull_listing.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cdctl::forges {

namespace {

/// Of `reviewers`: a team, `organisation/name`.
bool is_group(std::string_view name) { return name.contains('/'); }

bool is_own(const std::vector<std::string>& own, std::string_view who) {
  return std::ranges::any_of(own, [&](const auto& one) { return same_name(one, who); });
}

}  // namespace

bool PullListing::is_server(std::string_view login) const {
  (void)login;
  return false;
}

bool PullListing::is_stale(const Json& review) const {
  (void)review;
  return false;
}

Result<> PullListing::open() {
  CDCTL_TRY_ASSIGN(const auto list, rest().list({server_.path(list_path()), {}}, deadline()));
  for (const auto& json : list) {
    if (!is_wanted(json["base"]["ref"].view())) continue;
    auto change = server_.read(json);
    if (is_whole(change)) pulls_.push_back({std::move(change), {}, {}, 0, {}});
  }
  CDCTL_TRY(check_some(!pulls_.empty()));
  read_details();
  return {};
}

/// What was said of all of them, and who made them.
void PullListing::read_details() {
  std::vector<RestList> wanted;
  for (const auto& pull : pulls_)
    for (const auto what : {std::string_view("reviews"), commits_path()})
      wanted.push_back({server_.path(fmt::format("/pulls/{}/{}", pull.id, what)), {}});
  auto lists = rest().lists(wanted, deadline());
  for (std::size_t i = 0; i < pulls_.size(); ++i) {
    auto& pull = pulls_[i];
    const auto take = [&](auto& answer, Json::Array& into) {
      if (answer)
        into = std::move(*answer);
      else
        pull.unread = answer.error();
    };
    take(lists[2 * i], pull.reviews);
    take(lists[2 * i + 1], pull.commits);
    if (pull.unread) continue;
    if (const auto done = complete(pull); !done) pull.unread = done.error();
  }
}

/// Why it is not known what was said of one, or whether it counts.
const Error* PullListing::unread(const Pull& pull, const Trust& trust) const {
  if (pull.unread) return &*pull.unread;
  for (const auto* review : last_words(pull))
    if (const auto* why = trust.unknown(login_of(*review))) return why;
  return nullptr;
}

Result<std::string> PullListing::why_not_counted(const ChangeRequest& change,
                                                 const std::string& who) {
  pulls_ = {{change, {}, {}, 0, {}}};
  read_details();
  const auto& pull = pulls_.front();
  if (pull.unread) return fail(*pull.unread);
  Trust trust(*targets().front(), is_group);
  CDCTL_TRY(ask(trust, {who}));
  if (const auto* why = trust.unknown(who)) return fail(*why);
  return trust.why_not_own(who, is_bot(Json::object({{"login", who}})),
                           is_own(own_logins(pull), who));
}

Result<std::vector<Proposal>> PullListing::of(const TargetConfig& target, const std::string& base) {
  Trust trust(target, is_group);
  std::set<std::string> logins;
  for (auto& pull : pulls_) {
    if (pull.base != target.branch) continue;
    for (const auto* review : last_words(pull))
      if (const auto login = login_of(*review); !login.empty()) logins.insert(login);
    if (pull.unread || !asks_for(target, "Unresolved")) continue;
    if (const auto counted = count_unresolved(pull); !counted) pull.unread = counted.error();
  }
  CDCTL_TRY(ask(trust, logins));
  std::vector<Proposal> out;
  for (const auto& pull : pulls_)
    if (pull.base == target.branch) out.push_back(proposal_of(pull, target, base, trust));
  return out;
}

/// The last word of each reviewer; one that was dismissed is none.
std::vector<const Json*> PullListing::last_words(const Pull& pull) const {
  std::vector<const Json*> out;
  for (const auto& review : pull.reviews) {
    const bool dismissed = server_.is_dismissed(review);
    if (!dismissed && vote_of(review, server_.review_words()).empty()) continue;
    const auto who = login_of(review);
    std::erase_if(out, [&](const Json* other) { return !who.empty() && login_of(*other) == who; });
    if (!dismissed) out.push_back(&review);
  }
  return out;
}

/// The logins that a pull request is by: whose, and of its commits.
std::vector<std::string> PullListing::own_logins(const Pull& pull) const {
  std::vector<std::string> out{pull.json["user"]["login"].as_string()};
  for (const auto& commit : pull.commits)
    for (const auto* who : {"author", "committer"})
      if (auto login = commit[who]["login"].as_string(); !login.empty() && !is_server(login))
        out.push_back(std::move(login));
  return out;
}

std::vector<Vote> PullListing::votes_of(const Pull& pull, const Trust& trust) const {
  std::vector<Vote> out;
  const auto own = own_logins(pull);
  for (const auto* review : last_words(pull)) {
    Vote vote;
    const auto login = login_of(*review);
    vote.who = login.empty() ? "(gone)" : login;
    vote.value = vote_of(*review, server_.review_words());
    const bool approves = vote.value == "Approve";
    // A request for changes stands until its author takes it back, as on the server itself.
    vote.head = approves ? (*review)["commit_id"].as_string() : pull.head;
    vote.at = parse_rfc3339((*review)["submitted_at"].view());
    vote.why = trust.why_not(login, is_bot((*review)["user"]));
    if (vote.why.empty() && approves && is_stale(*review)) vote.why = "it is stale";
    if (vote.why.empty() && is_own(own, vote.who)) vote.why = "an author's own";
    vote.trusted = vote.why.empty();
    out.push_back(std::move(vote));
  }
  for (auto& who : pending(pull))
    out.push_back({std::move(who), "Pending", pull.head, true, {}, {}});
  for (std::size_t i = 0; i < pull.unresolved; ++i)
    out.push_back({"conversation", "Unresolved", pull.head, true, {}, {}});
  return out;
}

Proposal PullListing::proposal_of(const Pull& pull, const TargetConfig& target,
                                  const std::string& base, const Trust& trust) const {
  auto out = begin(pull, target, base);
  out.draft = is_draft(pull.json);
  out.link = pull.json["html_url"].as_string();
  for (const auto& label : pull.json["labels"].items())
    out.labels.push_back(label["name"].as_string());
  for (const auto& commit : pull.commits) {
    const auto& own = commit["commit"];
    add_person(out.authors,
               {own["author"]["name"].as_string(), own["author"]["email"].as_string()});
    for (auto& other : co_authors(own["message"].view())) add_person(out.authors, std::move(other));
  }
  // Whose it is first of all stands last, whatever else is by them and whom they name.
  if (!pull.commits.empty()) {
    const auto& author = pull.commits.back()["commit"]["author"];
    const Person first{author["name"].as_string(), author["email"].as_string()};
    if (std::erase(out.authors, first) > 0) out.authors.push_back(first);
  }
  out.votes = votes_of(pull, trust);
  if (const auto* why = unread(pull, trust)) mark_unread(out, *why);
  return out;
}

}  // namespace cdctl::forges
