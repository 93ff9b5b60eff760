#include "plugins/github/pull_list.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::github {

namespace {

/// GitHub's list of a pull request's commits ends there, whatever it has.
constexpr std::size_t k_most_commits = 250;

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

bool is_bot(const Json& user) {
  return user["type"].view() == "Bot" || user["login"].view().ends_with("[bot]");
}

/// Whose word counts in a target, as far as it was asked.
class Trust {
 public:
  Trust(GithubRepository& repository, const TargetConfig& target) : repository_(repository) {
    for (const auto& name : target.table["github"]["reviewers"].items())
      (name.view().contains('/') ? teams_ : names_).push_back(name.as_string());
    by_permission_ = names_.empty() && teams_.empty();
  }

  /// Asks about all of them at once.
  Result<> ask(const std::set<std::string>& logins, const Deadline& deadline) {
    std::vector<std::string> paths, whose;
    for (const auto& login : logins) {
      if (named(login)) {
        trusted_.insert(login);
        continue;
      }
      for (auto& path : questions(login)) {
        paths.push_back(std::move(path));
        whose.push_back(login);
      }
    }
    const auto answers = repository_.rest().get_all(paths, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        const auto& said = *answers[i];
        const auto permission = said["permission"].view();
        if (by_permission_ ? permission == "admin" || permission == "write"
                           : said["state"].view() == "active")
          trusted_.insert(whose[i]);
      } else if (answers[i].error().reason != Reason::not_there) {  // 404: they are none
        return fail(
            answers[i].error().in("asking whether the review of " + whose[i] +
                                  " counts (github.reviewers names them without a question)"));
      }
    }
    return {};
  }

  /// Why a user's word does not count; empty when it does.
  [[nodiscard]] std::string why_not(const Json& user) const {
    const auto login = user["login"].as_string();
    if (login.empty()) return "its account is gone";
    if (is_bot(user) && !named(login)) return "it is a bot's";
    if (trusted_.contains(login)) return {};
    return by_permission_ ? "they may not push to the repository"
                          : "they are none of github.reviewers";
  }

 private:
  [[nodiscard]] bool named(std::string_view login) const {
    return std::ranges::any_of(names_,
                               [&](const std::string& name) { return same_name(name, login); });
  }
  [[nodiscard]] std::vector<std::string> questions(const std::string& login) const {
    std::vector<std::string> out;
    if (by_permission_)
      out.push_back(
          repository_.path(fmt::format("/collaborators/{}/permission", url_encode(login))));
    for (const auto& team : teams_) {
      std::string_view name = team;
      const auto organisation = take_until(name, '/');
      out.push_back(fmt::format("/orgs/{}/teams/{}/memberships/{}", url_encode(organisation),
                                url_encode(name), url_encode(login)));
    }
    return out;
  }

  GithubRepository& repository_;
  std::vector<std::string> names_, teams_;
  bool by_permission_ = false;
  std::set<std::string> trusted_;
};

/// The logins that a pull request is by: whose, and of its commits.
std::vector<std::string> own_logins(const Pull& pull) {
  std::vector<std::string> out{pull.json["user"]["login"].as_string()};
  for (const auto& commit : pull.commits)
    for (const auto* who : {"author", "committer"})
      if (const auto login = commit[who]["login"].as_string();
          !login.empty() &&
          login != "web-flow")  // GitHub itself, where somebody edits in a browser
        out.push_back(login);
  return out;
}

/// The last word of each reviewer; one that was dismissed is none.
std::vector<const Json*> last_words(const Pull& pull) {
  std::vector<const Json*> out;
  for (const auto& review : pull.reviews) {
    const bool dismissed = review["state"].view() == "DISMISSED";
    if (!dismissed && vote_of(review).empty()) continue;
    const auto who = review["user"]["login"].view();
    std::erase_if(out, [&](const Json* other) {
      return !who.empty() && (*other)["user"]["login"].view() == who;
    });
    if (!dismissed) out.push_back(&review);
  }
  return out;
}

std::vector<Vote> votes_of(const Pull& pull, const Trust& trust) {
  std::vector<Vote> out;
  const auto own = own_logins(pull);
  const auto head = pull.head();
  for (const auto* review : last_words(pull)) {
    Vote vote;
    const auto& user = (*review)["user"];
    vote.who = user["login"].as_string("(gone)");
    vote.value = vote_of(*review);
    // A request for changes stands until its author takes it back, as on GitHub itself.
    vote.head = vote.value == "Approve" ? (*review)["commit_id"].as_string() : head;
    vote.at = parse_rfc3339((*review)["submitted_at"].view());
    vote.why = trust.why_not(user);
    if (vote.why.empty() &&
        std::ranges::any_of(own, [&](const auto& one) { return same_name(one, vote.who); }))
      vote.why = "an author's own";
    vote.trusted = vote.why.empty();
    out.push_back(std::move(vote));
  }
  for (const auto& user : pull.json["requested_reviewers"].items())
    out.push_back({user["login"].as_string(), "Pending", head, true, {}, {}});
  for (const auto& team : pull.json["requested_teams"].items())
    out.push_back({"team " + team["slug"].as_string(), "Pending", head, true, {}, {}});
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
  out.draft = pull.json["draft"].as_bool();
  out.link = pull.json["html_url"].as_string();
  out.created = parse_rfc3339(pull.json["created_at"].view());
  for (const auto& label : pull.json["labels"].items())
    out.labels.push_back(label["name"].as_string());
  for (auto commit = pull.commits.rbegin(); commit != pull.commits.rend(); ++commit) {
    const auto& own = (*commit)["commit"];
    add_person(out.authors,
               {own["author"]["name"].as_string(), own["author"]["email"].as_string()});
    for (auto& other : co_authors(own["message"].view())) add_person(out.authors, std::move(other));
  }
  out.votes = votes_of(pull, trust);
  return out;
}

class PullReader {
 public:
  PullReader(GithubRepository& repository, std::span<const TargetConfig* const> targets,
             const Deadline& deadline)
      : repository_(repository), rest_(repository.rest()), targets_(targets), deadline_(deadline) {}

  Result<> open() {
    std::string path = "/pulls?state=open&sort=created&direction=asc";
    if (targets_.size() == 1) path += "&base=" + url_encode(targets_.front()->branch);
    CDCTL_TRY_ASSIGN(const auto list, rest_.list({repository_.path(path), {}}, deadline_));
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
        if (const auto login = (*review)["user"]["login"].as_string(); !login.empty())
          logins.insert(login);
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
      for (const auto* what : {"reviews", "commits"})
        wanted.push_back({repository_.path(fmt::format("/pulls/{}/{}", pull.id(), what)), {}});
    auto lists = rest_.lists(wanted, deadline_);
    for (std::size_t i = 0; i < pulls_.size(); ++i) {
      for (auto* list : {&lists[2 * i], &lists[2 * i + 1]})
        if (!*list) return fail(list->error().in("pull request " + pulls_[i].id()));
      pulls_[i].reviews = std::move(*lists[2 * i]);
      pulls_[i].commits = std::move(*lists[2 * i + 1]);
      if (pulls_[i].commits.size() >= k_most_commits) CDCTL_TRY(all_commits(pulls_[i]));
    }
    return {};
  }

  Result<> all_commits(Pull& pull) {
    const auto path = fmt::format("/compare/{}...{}", pull.json["base"]["sha"].view(), pull.head());
    CDCTL_TRY_ASSIGN(pull.commits, rest_.list({repository_.path(path), "commits"}, deadline_));
    return {};
  }

  /// Only GraphQL tells which conversations are resolved.
  Result<> count_unresolved(Pull& pull) {
    constexpr const char* k_query =
        "query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,"
        "name:$name){pullRequest(number:$number){reviewThreads(first:100,after:$after){nodes{"
        "isResolved}pageInfo{hasNextPage endCursor}}}}}";
    std::string_view name = repository_.access().repository;
    const auto owner = take_until(name, '/');
    Json after;
    pull.unresolved = 0;
    for (;;) {
      CDCTL_TRY_ASSIGN(const auto said,
                       repository_.query(k_query,
                                         Json::object({{"owner", owner},
                                                       {"name", name},
                                                       {"number", pull.json["number"].as_int()},
                                                       {"after", after}}),
                                         deadline_));
      const auto& threads = said["data"]["repository"]["pullRequest"]["reviewThreads"];
      if (!threads["nodes"].is_array())
        return fail(ExitCode::unknown, "GitHub does not tell the conversations of a pull request");
      for (const auto& thread : threads["nodes"].items())
        pull.unresolved += thread["isResolved"].as_bool(false) ? 0 : 1;
      if (!threads["pageInfo"]["hasNextPage"].as_bool()) return {};
      after = threads["pageInfo"]["endCursor"];
    }
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

  GithubRepository& repository_;
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
  if (state != "CHANGES_REQUESTED") return {};
  for (const auto* vote : {"Disapprove", "Needs Information", "Needs Resubmitting"})
    if (review["body"].view().contains(vote_line(vote))) return vote;
  return "Needs Fixing";
}

std::vector<Result<std::vector<Proposal>>> list_pulls(GithubRepository& repository,
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

}  // namespace cdctl::github
