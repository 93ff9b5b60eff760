#include "plugins/gitlab/request_list.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::gitlab {

namespace {

constexpr std::string_view k_vote_line = "<!-- cdctl-vote ";
constexpr std::int64_t k_developer = 30;  ///< the access level that may push

/// A merge request with what was said of it.
struct Request {
  Json json, approvals, reviewers;
  Json::Array versions, discussions, commits;

  [[nodiscard]] std::string id() const { return std::to_string(json["iid"].as_int()); }
  [[nodiscard]] std::string head() const { return json["sha"].as_string(); }
  [[nodiscard]] std::string_view base() const { return json["target_branch"].view(); }
};

/// The users that GitLab makes for access tokens.
bool is_bot(std::string_view name) {
  return name.contains("_bot") && (name.starts_with("project_") || name.starts_with("group_"));
}

/// Whose word counts in a target, as far as it was asked.
class Trust {
 public:
  Trust(GitlabProject& project, const TargetConfig& target) : project_(project) {
    for (const auto& name : target.table["gitlab"]["reviewers"].items())
      (name.view().starts_with('@') ? groups_ : names_).push_back(name.as_string());
    by_level_ = names_.empty() && groups_.empty();
  }

  /// Asks about all of them at once: username → id.
  Result<> ask(const std::map<std::string, std::int64_t>& users, const Deadline& deadline) {
    std::vector<std::string> paths, whose;
    for (const auto& [name, id] : users) {
      if (named(name)) {
        trusted_.insert(name);
        continue;
      }
      if (by_level_) {
        paths.push_back(project_.path(fmt::format("/members/all/{}", id)));
        whose.push_back(name);
      }
      for (const auto& group : groups_) {
        paths.push_back(fmt::format("/groups/{}/members/all/{}", url_encode(group.substr(1)), id));
        whose.push_back(name);
      }
    }
    const auto answers = project_.rest().get_all(paths, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        const bool active = (*answers[i])["state"].as_string("active") == "active";
        if (active && (!by_level_ || (*answers[i])["access_level"].as_int() >= k_developer))
          trusted_.insert(whose[i]);
      } else if (answers[i].error().reason != Reason::not_there) {  // 404: they are none
        return fail(
            answers[i].error().in("asking whether the word of " + whose[i] +
                                  " counts (gitlab.reviewers names them without a question)"));
      }
    }
    return {};
  }

  /// Why a user's word does not count; empty when it does.
  [[nodiscard]] std::string why_not(const std::string& name) const {
    if (is_bot(name) && !named(name)) return "it is a bot's";
    if (trusted_.contains(name)) return {};
    return by_level_ ? "they may not push to the project" : "they are none of gitlab.reviewers";
  }

 private:
  [[nodiscard]] bool named(std::string_view name) const {
    return std::ranges::any_of(names_,
                               [&](const std::string& one) { return same_name(one, name); });
  }

  GitlabProject& project_;
  std::vector<std::string> names_, groups_;
  bool by_level_ = false;
  std::set<std::string> trusted_;
};

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
    out.push_back({&user, value, request.head(), at});
  };
  for (const auto& one : request.reviewers.items())
    if (one["state"].view() == "requested_changes") against(one["user"], "Needs Fixing", {});
  for (const auto& one : request.discussions)
    if (const auto vote = vote_of(one); !vote.empty())
      against(one["notes"].items().front()["author"], vote,
              parse_rfc3339(one["notes"].items().front()["created_at"].view()));
  return out;
}

bool made_some(const Request& request, const Json& user) {
  if (same_name(request.json["author"]["username"].view(), user["username"].view())) return true;
  return std::ranges::any_of(request.commits, [&](const Json& commit) {
    return !user["name"].view().empty() && commit["author_name"].view() == user["name"].view();
  });
}

std::vector<Vote> votes_of(const Request& request, const Trust& trust, bool unresolved) {
  std::vector<Vote> out;
  const auto head = request.head();
  for (const auto& word : words_of(request)) {
    Vote vote;
    vote.who = (*word.user)["username"].as_string();
    vote.value = word.value;
    vote.head = word.head;
    vote.at = word.at;
    vote.why = trust.why_not(vote.who);
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

Proposal proposal_of(const Request& request, const TargetConfig& target, const std::string& base,
                     const Trust& trust) {
  Proposal out;
  out.target = target.name;
  out.id = request.id();
  out.kind = "git";
  out.ref = fmt::format("refs/merge-requests/{}/head", out.id);  // stays when its fork goes
  out.head = request.head();
  out.base = base;
  out.title = request.json["title"].as_string();
  out.description = description_text(request.json["description"].view());
  out.draft = request.json["draft"].as_bool() || request.json["work_in_progress"].as_bool();
  out.link = request.json["web_url"].as_string();
  out.created = parse_rfc3339(request.json["created_at"].view());
  for (const auto& label : request.json["labels"].items()) out.labels.push_back(label.as_string());
  for (const auto& commit : request.commits) {  // the newest first
    add_person(out.authors,
               {commit["author_name"].as_string(), commit["author_email"].as_string()});
    for (auto& other : co_authors(commit["message"].view()))
      add_person(out.authors, std::move(other));
  }
  out.votes = votes_of(request, trust, asks_for(target, "Unresolved"));
  return out;
}

class RequestReader {
 public:
  RequestReader(GitlabProject& project, std::span<const TargetConfig* const> targets,
                const Deadline& deadline)
      : project_(project), rest_(project.rest()), targets_(targets), deadline_(deadline) {}

  Result<> open() {
    std::string path = "/merge_requests?state=opened&scope=all&order_by=created_at&sort=asc";
    if (targets_.size() == 1) path += "&target_branch=" + url_encode(targets_.front()->branch);
    CDCTL_TRY_ASSIGN(const auto list, rest_.list({project_.path(path), {}}, deadline_));
    for (const auto& json : list) {
      const bool wanted = std::ranges::any_of(targets_, [&](const TargetConfig* target) {
        return json["target_branch"].view() == target->branch;
      });
      // One without a commit proposes nothing.
      if (wanted && !json["sha"].view().empty()) requests_.push_back({json, {}, {}, {}, {}, {}});
    }
    return details();
  }

  Result<std::vector<Proposal>> of(const TargetConfig& target) {
    CDCTL_TRY_ASSIGN(const auto base, project_.tip(target.branch, deadline_));
    if (base.empty())
      return fail(ExitCode::unknown,
                  fmt::format("{} has no branch {}: correct `branch`, or push it",
                              project_.access().repository, target.branch));
    Trust trust(project_, target);
    std::map<std::string, std::int64_t> users;
    for (const auto& request : requests_)
      if (request.base() == target.branch)
        for (const auto& word : words_of(request))
          users.emplace((*word.user)["username"].as_string(), (*word.user)["id"].as_int());
    CDCTL_TRY(trust.ask(users, deadline_));
    std::vector<Proposal> out;
    for (const auto& request : requests_)
      if (request.base() == target.branch) out.push_back(proposal_of(request, target, base, trust));
    CDCTL_TRY(prerequisites(target, out));
    return out;
  }

 private:
  [[nodiscard]] std::string path_of(const Request& request, std::string_view what) const {
    return project_.path(fmt::format("/merge_requests/{}/{}", request.id(), what));
  }

  /// What was said of all of them.
  Result<> details() {
    std::vector<RestList> wanted;
    std::vector<std::string> paths;
    for (const auto& request : requests_) {
      for (const auto* what : {"versions", "discussions", "commits"})
        wanted.push_back({path_of(request, what), {}});
      for (const auto* what : {"approvals", "reviewers"}) paths.push_back(path_of(request, what));
    }
    auto lists = rest_.lists(wanted, deadline_);
    for (const auto& list : lists)
      if (!list) return fail(list.error());
    auto values = rest_.get_all(paths, deadline_);
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      auto& request = requests_[i];
      request.versions = std::move(*lists[3 * i]);
      request.discussions = std::move(*lists[3 * i + 1]);
      request.commits = std::move(*lists[3 * i + 2]);
      auto &approvals = values[2 * i], &reviewers = values[2 * i + 1];
      if (!approvals) return fail(approvals.error());
      // Servers of before that do not have it, nor what it tells.
      if (!reviewers && reviewers.error().reason != Reason::not_there)
        return fail(reviewers.error());
      request.approvals = std::move(*approvals);
      if (reviewers) request.reviewers = std::move(*reviewers);
    }
    return {};
  }

  /// `Depends-On: !12` of a description. One that is not open has landed when it was merged into
  /// this target.
  Result<> prerequisites(const TargetConfig& target, std::vector<Proposal>& proposals) {
    for (auto& proposal : proposals)
      for (auto& id : depends_on(proposal.description, project_.access().repository)) {
        Prerequisite one{std::move(id), Prerequisite::State::gone};
        if (std::ranges::find(proposals, one.id, &Proposal::id) != proposals.end()) {
          one.state = Prerequisite::State::open;
        } else if (one.id.find_first_not_of("0123456789") == one.id.npos) {
          const auto request = project_.request(one.id, deadline_);
          if (!request && request.error().reason != Reason::not_there) return fail(request.error());
          if (request && (*request)["state"].view() == "merged" &&
              (*request)["target_branch"].view() == target.branch)
            one.state = Prerequisite::State::landed;
        }
        proposal.after.push_back(std::move(one));
      }
    return {};
  }

  GitlabProject& project_;
  Rest& rest_;
  std::span<const TargetConfig* const> targets_;
  const Deadline& deadline_;
  std::vector<Request> requests_;
};

}  // namespace

std::string head_at(const Json::Array& versions, std::optional<Time> at) {
  std::string out;
  std::optional<Time> newest;
  for (const auto& version : versions) {
    const auto created = parse_rfc3339(version["created_at"].view());
    if (!at || !created || *created > *at || (newest && *created < *newest)) continue;
    newest = created;
    out = version["head_commit_sha"].as_string();
  }
  return out;
}

std::optional<Time> approved_at(const Json::Array& discussions, std::string_view who) {
  std::optional<Time> approved, withdrawn;
  for (const auto& discussion : discussions)
    for (const auto& note : discussion["notes"].items()) {
      if (!note["system"].as_bool() || note["author"]["username"].view() != who) continue;
      const auto at = parse_rfc3339(note["created_at"].view());
      if (!at) continue;
      if (note["body"].view() == "approved this merge request")
        approved = std::max(approved.value_or(*at), *at);
      if (note["body"].view() == "unapproved this merge request")
        withdrawn = std::max(withdrawn.value_or(*at), *at);
    }
  if (withdrawn && approved && *withdrawn >= *approved) return {};
  return approved;
}

bool is_open(const Json& discussion) {
  return std::ranges::any_of(discussion["notes"].items(), [](const Json& note) {
    return note["resolvable"].as_bool() && !note["resolved"].as_bool();
  });
}

std::string vote_line(std::string_view vote) { return fmt::format("{}{} -->", k_vote_line, vote); }

std::string vote_of(const Json& discussion) {
  const auto& notes = discussion["notes"].items();
  if (notes.empty() || !is_open(discussion)) return {};
  for (const auto* vote : {"Needs Fixing", "Disapprove", "Needs Information", "Needs Resubmitting"})
    if (notes.front()["body"].view().contains(vote_line(vote))) return vote;
  return {};
}

std::vector<Result<std::vector<Proposal>>> list_requests(
    GitlabProject& project, std::span<const TargetConfig* const> targets,
    const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out;
  RequestReader reader(project, targets, deadline);
  const auto opened = reader.open();
  for (const auto* target : targets)
    out.push_back(opened ? reader.of(*target)
                         : Result<std::vector<Proposal>>(fail(opened.error())));
  return out;
}

}  // namespace cdctl::gitlab
