#include "plugins/gitea/pull_list.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::gitea {

namespace {

constexpr std::string_view k_vote_line = "<!-- cdctl-vote ";

/// A pull request with what was said of it.
struct Pull {
  Json json;
  Json::Array reviews, commits;
  std::size_t unresolved = 0;

  [[nodiscard]] std::string id() const { return std::to_string(json["number"].as_int()); }
  [[nodiscard]] std::string head() const { return json["head"]["sha"].as_string(); }
  [[nodiscard]] std::string_view base() const { return json["base"]["ref"].view(); }
};

/// Servers of before `draft` tell it by the title alone.
bool is_draft(const Json& pull) {
  const auto title = pull["title"].view();
  return pull["draft"].as_bool() || same_name(title.substr(0, 4), "WIP:") ||
         same_name(title.substr(0, 5), "[WIP]");
}

/// Whose account a review is of; empty for one that is gone.
std::string login_of(const Json& review) {
  const auto& user = review["user"];
  return user["id"].as_int() > 0 ? user["login"].as_string() : std::string();
}

/// Whose word counts in a target, as far as it was asked.
class Trust {
 public:
  Trust(GiteaRepository& repository, const TargetConfig& target) : repository_(repository) {
    for (const auto& name : target.table["gitea"]["reviewers"].items())
      (name.view().contains('/') ? teams_ : names_).push_back(name.as_string());
    by_permission_ = names_.empty() && teams_.empty();
  }

  /// Asks about all of them at once.
  Result<> ask(const std::set<std::string>& logins, const Deadline& deadline) {
    CDCTL_TRY_ASSIGN(const auto teams, team_ids(logins.empty(), deadline));
    std::vector<std::string> paths, whose;
    for (const auto& login : logins) {
      if (named(login)) {
        trusted_.insert(login);
        continue;
      }
      if (by_permission_) {
        paths.push_back(
            repository_.path(fmt::format("/collaborators/{}/permission", url_encode(login))));
        whose.push_back(login);
      }
      for (const auto team : teams) {
        paths.push_back(fmt::format("/teams/{}/members/{}", team, url_encode(login)));
        whose.push_back(login);
      }
    }
    const auto answers = repository_.rest().get_all(paths, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        const auto permission = (*answers[i])["permission"].view();
        if (!by_permission_ || permission == "owner" || permission == "admin" ||
            permission == "write")
          trusted_.insert(whose[i]);
      } else if (answers[i].error().reason != Reason::not_there) {  // 404: they are none
        return fail(
            answers[i].error().in("asking whether the review of " + whose[i] +
                                  " counts (gitea.reviewers names them without a question)"));
      }
    }
    return {};
  }

  /// Why a review does not count; empty when it does.
  [[nodiscard]] std::string why_not(const Json& review) const {
    const auto login = login_of(review);
    if (login.empty()) return "its account is gone";
    if (login.ends_with("[bot]") && !named(login)) return "it is a bot's";
    if (trusted_.contains(login)) return {};
    return by_permission_ ? "they may not push to the repository"
                          : "they are none of gitea.reviewers";
  }

 private:
  [[nodiscard]] bool named(std::string_view login) const {
    return std::ranges::any_of(names_,
                               [&](const std::string& name) { return same_name(name, login); });
  }
  /// Gitea asks for a team by its number.
  Result<std::vector<std::int64_t>> team_ids(bool nobody, const Deadline& deadline) {
    std::vector<std::int64_t> out;
    if (nobody) return out;
    for (const auto& team : teams_) {
      std::string_view name = team;
      const auto organisation = take_until(name, '/');
      CDCTL_TRY_ASSIGN(
          const auto all,
          repository_.rest().list({fmt::format("/orgs/{}/teams", url_encode(organisation)), {}},
                                  deadline));
      const auto found = std::ranges::find_if(
          all, [&](const Json& one) { return same_name(one["name"].view(), name); });
      if (found == all.end())
        return fail(ExitCode::unknown, fmt::format("gitea.reviewers: there is no team {}, or the "
                                                   "token may not see it",
                                                   printable(team, 60)));
      out.push_back((*found)["id"].as_int());
    }
    return out;
  }

  GiteaRepository& repository_;
  std::vector<std::string> names_, teams_;
  bool by_permission_ = false;
  std::set<std::string> trusted_;
};

/// The logins that a pull request is by: whose, and of its commits.
std::vector<std::string> own_logins(const Pull& pull) {
  std::vector<std::string> out{pull.json["user"]["login"].as_string()};
  for (const auto& commit : pull.commits)
    for (const auto* who : {"author", "committer"})
      if (const auto login = commit[who]["login"].as_string(); !login.empty()) out.push_back(login);
  return out;
}

/// The last word of each reviewer; one that was dismissed is none.
std::vector<const Json*> last_words(const Pull& pull) {
  std::vector<const Json*> sorted, out;
  for (const auto& review : pull.reviews) sorted.push_back(&review);
  std::ranges::stable_sort(sorted, {}, [](const Json* one) { return (*one)["id"].as_int(); });
  for (const auto* review : sorted) {
    const bool dismissed = (*review)["dismissed"].as_bool();
    if (!dismissed && vote_of(*review).empty()) continue;
    const auto who = login_of(*review);
    std::erase_if(out, [&](const Json* other) { return !who.empty() && login_of(*other) == who; });
    if (!dismissed) out.push_back(review);
  }
  return out;
}

std::vector<Vote> votes_of(const Pull& pull, const Trust& trust) {
  std::vector<Vote> out;
  const auto own = own_logins(pull);
  const auto head = pull.head();
  for (const auto* review : last_words(pull)) {
    Vote vote;
    vote.who = login_of(*review);
    if (vote.who.empty()) vote.who = "(gone)";
    vote.value = vote_of(*review);
    const bool approves = vote.value == "Approve";
    // A request for changes stands until its author takes it back, as on Gitea itself.
    vote.head = approves ? (*review)["commit_id"].as_string() : head;
    vote.at = parse_rfc3339((*review)["submitted_at"].view());
    vote.why = trust.why_not(*review);
    if (vote.why.empty() && approves && (*review)["stale"].as_bool()) vote.why = "it is stale";
    if (vote.why.empty() &&
        std::ranges::any_of(own, [&](const auto& one) { return same_name(one, vote.who); }))
      vote.why = "an author's own";
    vote.trusted = vote.why.empty();
    out.push_back(std::move(vote));
  }
  for (const auto& review : pull.reviews) {
    if (review["state"].view() != "REQUEST_REVIEW" || review["dismissed"].as_bool()) continue;
    const auto login = login_of(review);
    out.push_back({login.empty() ? "team " + review["team"]["name"].as_string() : login,
                   "Pending",
                   head,
                   true,
                   {},
                   {}});
  }
  for (std::size_t i = 0; i < pull.unresolved; ++i)
    out.push_back({"conversation", "Unresolved", head, true, {}, {}});
  return out;
}

Proposal proposal_of(const Pull& pull, const TargetConfig& target, const std::string& base,
                     const Trust& trust) {
  Proposal out;
  out.target = target.name;
  out.id = pull.id();
  out.kind = "git";
  out.ref = fmt::format("refs/pull/{}/head", out.id);  // stays when its fork goes
  out.head = pull.head();
  out.base = base;
  out.title = pull.json["title"].as_string();
  out.description = description_text(pull.json["body"].view());
  out.draft = is_draft(pull.json);
  out.link = pull.json["html_url"].as_string();
  out.created = parse_rfc3339(pull.json["created_at"].view());
  for (const auto& label : pull.json["labels"].items())
    out.labels.push_back(label["name"].as_string());
  for (const auto& commit : pull.commits) {  // the newest first
    const auto& own = commit["commit"];
    add_person(out.authors,
               {own["author"]["name"].as_string(), own["author"]["email"].as_string()});
    for (auto& other : co_authors(own["message"].view())) add_person(out.authors, std::move(other));
  }
  out.votes = votes_of(pull, trust);
  return out;
}

class PullReader {
 public:
  PullReader(GiteaRepository& repository, std::span<const TargetConfig* const> targets,
             const Deadline& deadline)
      : repository_(repository), rest_(repository.rest()), targets_(targets), deadline_(deadline) {}

  Result<> open() {
    CDCTL_TRY_ASSIGN(
        const auto list,
        rest_.list({repository_.path("/pulls?state=open&sort=oldest"), {}}, deadline_));
    for (const auto& json : list) {
      const bool wanted = std::ranges::any_of(targets_, [&](const TargetConfig* target) {
        return json["base"]["ref"].view() == target->branch;
      });
      if (wanted) pulls_.push_back({json, {}, {}});
    }
    return details();
  }

  Result<std::vector<Proposal>> of(const TargetConfig& target) {
    CDCTL_TRY_ASSIGN(const auto base, repository_.tip(target.branch, deadline_));
    if (base.empty())
      return fail(ExitCode::unknown,
                  fmt::format("{} has no branch {}: correct `branch`, or push it",
                              repository_.access().repository, target.branch));
    Trust trust(repository_, target);
    std::set<std::string> logins;
    for (auto& pull : pulls_) {
      if (pull.base() != target.branch) continue;
      for (const auto* review : last_words(pull))
        if (const auto login = login_of(*review); !login.empty()) logins.insert(login);
      if (asks_for(target, "Unresolved")) CDCTL_TRY(count_unresolved(pull));
    }
    CDCTL_TRY(trust.ask(logins, deadline_));
    std::vector<Proposal> out;
    for (const auto& pull : pulls_)
      if (pull.base() == target.branch) out.push_back(proposal_of(pull, target, base, trust));
    CDCTL_TRY(prerequisites(target, out));
    return out;
  }

 private:
  /// Reviews and commits of all of them.
  Result<> details() {
    std::vector<RestList> wanted;
    for (const auto& pull : pulls_)
      for (const auto* what : {"reviews", "commits?verification=false&files=false"})
        wanted.push_back({repository_.path(fmt::format("/pulls/{}/{}", pull.id(), what)), {}});
    auto lists = rest_.lists(wanted, deadline_);
    for (std::size_t i = 0; i < pulls_.size(); ++i) {
      for (auto* list : {&lists[2 * i], &lists[2 * i + 1]})
        if (!*list) return fail(list->error().in("pull request " + pulls_[i].id()));
      pulls_[i].reviews = std::move(*lists[2 * i]);
      pulls_[i].commits = std::move(*lists[2 * i + 1]);
    }
    return {};
  }

  /// A conversation is the comments on one line; one of them knows who has resolved it.
  Result<> count_unresolved(Pull& pull) {
    std::vector<RestList> wanted;
    for (const auto& review : pull.reviews)
      if (review["comments_count"].as_int() > 0)
        wanted.push_back({repository_.path(fmt::format("/pulls/{}/reviews/{}/comments", pull.id(),
                                                       review["id"].as_int())),
                          {}});
    std::map<std::string, bool> resolved;
    for (const auto& list : rest_.lists(wanted, deadline_)) {
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

  /// `Depends-On: #12` of a description. One that is not open has landed when it was merged into
  /// this target.
  Result<> prerequisites(const TargetConfig& target, std::vector<Proposal>& proposals) {
    for (auto& proposal : proposals)
      for (auto& id : depends_on(proposal.description, repository_.access().repository)) {
        Prerequisite one{std::move(id), Prerequisite::State::gone};
        if (std::ranges::find(proposals, one.id, &Proposal::id) != proposals.end()) {
          one.state = Prerequisite::State::open;
        } else if (one.id.find_first_not_of("0123456789") == one.id.npos) {
          const auto pull = repository_.pull(one.id, deadline_);
          if (!pull && pull.error().reason != Reason::not_there) return fail(pull.error());
          if (pull && (*pull)["merged"].as_bool() && (*pull)["base"]["ref"].view() == target.branch)
            one.state = Prerequisite::State::landed;
        }
        proposal.after.push_back(std::move(one));
      }
    return {};
  }

  GiteaRepository& repository_;
  Rest& rest_;
  std::span<const TargetConfig* const> targets_;
  const Deadline& deadline_;
  std::vector<Pull> pulls_;
};

}  // namespace

std::string vote_line(std::string_view vote) { return fmt::format("{}{} -->", k_vote_line, vote); }

std::string vote_of(const Json& review) {
  const auto state = review["state"].view();
  if (state == "APPROVED") return "Approve";
  if (state != "REQUEST_CHANGES") return {};
  for (const auto* vote : {"Disapprove", "Needs Information", "Needs Resubmitting"})
    if (review["body"].view().contains(vote_line(vote))) return vote;
  return "Needs Fixing";
}

std::vector<Result<std::vector<Proposal>>> list_pulls(GiteaRepository& repository,
                                                      std::span<const TargetConfig* const> targets,
                                                      const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out;
  PullReader reader(repository, targets, deadline);
  const auto opened = reader.open();
  for (const auto* target : targets)
    out.push_back(opened ? reader.of(*target)
                         : Result<std::vector<Proposal>>(fail(opened.error())));
  return out;
}

}  // namespace cdctl::gitea
