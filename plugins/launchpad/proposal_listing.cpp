#include "plugins/launchpad/proposal_listing.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/launchpad/landing_site.hpp"
#include "plugins/launchpad/merge_proposal.hpp"
#include "plugins/launchpad/reviewers.hpp"

namespace cdctl::launchpad {

namespace {

/// A merge proposal and where it comes from.
struct Offer : Spoken {
  Place source;
  Json branch, home;  ///< its ref or branch; the repository, or the branch again
};

class ProposalListing {
 public:
  ProposalListing(WebService& web, const TargetConfig& target, const Deadline& deadline)
      : web_(web), target_(target), deadline_(deadline) {}

  Result<std::vector<Proposal>> read() {
    CDCTL_TRY_ASSIGN(site_, landing_site(web_, target_, deadline_));
    CDCTL_TRY_ASSIGN(auto all, open_proposals(web_, site_, deadline_));
    for (auto& json : all) {
      auto& offer = offers_.emplace_back();
      offer.source = place_of(json, "source");
      offer.json = std::move(json);
    }
    CDCTL_TRY(sources());
    CDCTL_TRY(what_was_said());
    CDCTL_TRY(other_comments());
    CDCTL_TRY(people());
    Reviewers reviewers(target_);
    CDCTL_TRY(reviewers.ask(web_, site_, links_of_reviewers(), deadline_));
    std::vector<Proposal> out;
    for (const auto& offer : offers_) {
      CDCTL_TRY_ASSIGN(auto one, proposal_of(offer, reviewers));
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  /// The branches, and what they are in. Of two answers to one question the first is taken, so that
  /// all that is said of a proposal is of one head.
  Result<> sources() {
    std::vector<std::string> paths;
    for (const auto& offer : offers_) {
      CDCTL_TRY_ASSIGN(const auto home, web_.path_of(offer.source.link));
      paths.push_back(home);
      paths.push_back(offer.source.git() ? ref_by_path(home, offer.source.path) : home);
    }
    auto answers = web_.get_all(paths, deadline_);
    std::vector<Offer> there;
    for (std::size_t i = 0; i < offers_.size(); ++i) {
      auto &home = answers[2 * i], &branch = answers[2 * i + 1];
      for (const auto* answer : {&home, &branch})
        if (!*answer && answer->error().reason != Reason::not_there) return fail(answer->error());
      if (!home || !branch || branch->is_null()) continue;  // it is gone
      if ((*branch)["self_link"].view().empty() || (*home)["self_link"].view().empty()) {
        leave_out(offers_[i], "what its branch is");
        continue;
      }
      auto& offer = offers_[i];
      offer.home = std::move(*home);
      offer.branch = std::move(*branch);
      offer.head = tip_of(offer.branch);
      if (offer.head.empty() && offer.source.git()) leave_out(offer, "where its branch is");
      if (!offer.head.empty()) there.push_back(std::move(offer));  // Breezy: nobody has looked yet
    }
    offers_ = std::move(there);
    if (offers_.empty() && !left_out_.empty()) return fail(ExitCode::unknown, left_out_);
    return {};
  }

  void leave_out(const Offer& offer, std::string_view what) {
    left_out_ = fmt::format("Launchpad does not tell of {} {}", number_of(offer.json), what);
    web_.host().log(Level::warning, fmt::format("{}: {}: it is left out", target_.name, left_out_));
  }

  Result<> what_was_said() {
    constexpr std::array<std::string_view, 4> k_what{"votes", "all_comments", "preview_diffs",
                                                     "bugs"};
    std::vector<std::string> paths;
    for (const auto& offer : offers_)
      for (const auto what : k_what) {
        const auto& link = offer.json[fmt::format("{}_collection_link", what)];
        CDCTL_TRY_ASSIGN(auto path, web_.path_of(link));
        paths.push_back(std::move(path));
      }
    auto answers = web_.collections(paths, deadline_);
    for (const auto& answer : answers)
      if (!answer) return fail(answer.error());
    for (std::size_t i = 0; i < offers_.size(); ++i) {
      auto& offer = offers_[i];
      const auto at = [&](std::size_t what) {
        return std::move(*answers[k_what.size() * i + what]);
      };
      offer.votes = at(0);
      offer.comments = at(1);
      offer.diffs = at(2);
      offer.bugs = at(3);
    }
    return {};
  }

  /// The comments of votes that are not among the others: one that was made meanwhile, or that a
  /// moderator hid. What was said with it may be against the proposal, so it is asked for.
  Result<> other_comments() {
    std::vector<std::string> paths;
    std::vector<Offer*> whose;
    for (auto& offer : offers_)
      for (const auto& vote : offer.votes) {
        const auto& link = vote["comment_link"];
        if (vote["is_pending"].as_bool(true) || comment_of(offer, link.view())) continue;
        CDCTL_TRY_ASSIGN(auto path, web_.path_of(link));
        paths.push_back(std::move(path));
        whose.push_back(&offer);
      }
    auto answers = web_.get_all(paths, deadline_);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) {
        auto error = answers[i].error();
        error.reason = Reason::other;
        return fail(error.in("reading what was said with a vote"));
      }
      whose[i]->comments.push_back(std::move(*answers[i]));
    }
    return {};
  }

  /// Who proposes something: whoever registered it, and who has its branch. Whose commits they are
  /// Launchpad does not tell.
  Result<> people() {
    std::set<std::string> links;
    for (auto& offer : offers_)
      for (const auto* link : {&offer.json["registrant_link"], &offer.home["owner_link"]}) {
        auto name = name_in(link->view());
        if (name.empty() || std::ranges::find(offer.authors, name) != offer.authors.end()) continue;
        offer.authors.push_back(std::move(name));
        links.insert(link->as_string());
      }
    CDCTL_TRY_ASSIGN(auto entries, read_all(links));
    std::set<std::string> addresses;
    for (const auto& [link, entry] : entries)
      if (auto at = entry["preferred_email_address_link"].as_string(); !at.empty())
        addresses.insert(std::move(at));
    if (target_.contributors.empty()) addresses.clear();  // nobody asks
    CDCTL_TRY_ASSIGN(const auto mail, read_all(addresses));
    for (const auto& [link, entry] : entries) {
      if (entry["is_team"].as_bool()) continue;
      const auto at = mail.find(entry["preferred_email_address_link"].as_string());
      people_[name_in(link)] = {entry["display_name"].as_string(name_in(link)),
                                at == mail.end() ? std::string() : at->second["email"].as_string()};
    }
    return {};
  }

  /// The entries of links, without those that nobody may see, or that are gone.
  Result<std::map<std::string, Json>> read_all(const std::set<std::string>& links) {
    std::vector<std::string> paths;
    for (const auto& link : links) {
      CDCTL_TRY_ASSIGN(auto path, web_.path_of(link));
      paths.push_back(std::move(path));
    }
    auto answers = web_.get_all(paths, deadline_);
    std::map<std::string, Json> out;
    auto link = links.begin();
    for (auto& answer : answers) {
      if (answer)
        out.emplace(*link, std::move(*answer));
      else if (answer.error().reason != Reason::not_there)
        return fail(answer.error());
      ++link;
    }
    return out;
  }

  [[nodiscard]] std::set<std::string> links_of_reviewers() const {
    std::set<std::string> out;
    for (const auto& offer : offers_)
      for (const auto& vote : offer.votes)
        if (!vote["is_pending"].as_bool(true) && !name_in(vote["reviewer_link"].view()).empty())
          out.insert(vote["reviewer_link"].as_string());
    return out;
  }

  Result<Proposal> proposal_of(const Offer& offer, const Reviewers& reviewers) {
    Proposal out;
    out.target = target_.name;
    out.id = number_of(offer.json);
    out.kind = offer.source.git() ? "git" : "bzr";
    CDCTL_TRY_ASSIGN(auto source, source_of(offer.source, offer.home, site_, target_));
    out.url = std::move(source.url);
    out.ref = std::move(source.ref);
    out.head = offer.head;
    out.base = site_.tip;
    out.created = parse_rfc3339(offer.json["date_created"].view());
    out.link = offer.json["web_link"].as_string();
    auto words = words_of(offer, offer.source.git() ? offer.source.path : out.ref);
    out.title = std::move(words.title);
    out.description = std::move(words.description);
    // `Approved` is for Launchpad what is ready to land; all else is no more than an offer.
    out.draft = !is_approved(offer.json, offer.head);
    out.labels = {offer.json["queue_status"].as_string()};
    for (const auto& name : offer.authors)
      if (const auto at = people_.find(name); at != people_.end())
        out.authors.push_back(at->second);
    out.votes = votes_of(offer, [&](const std::string& name) { return reviewers.why_not(name); });
    CDCTL_TRY(prerequisite(offer, out));
    return out;
  }

  /// The one that it comes after: open while one of that branch for this target is, landed when one
  /// has been merged and none is open.
  Result<> prerequisite(const Offer& offer, Proposal& out) {
    const auto before = place_of(offer.json, "prerequisite");
    if (before.link.empty()) return {};
    Prerequisite one{before.git() ? before.path : before.link, Prerequisite::State::gone};
    for (const auto& other : offers_)
      if (other.source == before) {
        one.id = number_of(other.json);
        one.state = Prerequisite::State::open;
      }
    if (one.state == Prerequisite::State::gone) {
      CDCTL_TRY(read_merged());
      for (const auto& other : *merged_)
        if (other["queue_status"].view() == "Merged" && place_of(other, "source") == before &&
            place_of(other, "target") == site_.place) {
          one.id = number_of(other);
          one.state = Prerequisite::State::landed;
        }
    }
    out.after.push_back(std::move(one));
    return {};
  }

  Result<> read_merged() {
    if (merged_) return {};
    const auto path =
        asking(site_.ref, "getMergeProposals", {{"status", Json::strings({"Merged"})}});
    CDCTL_TRY_ASSIGN(merged_, web_.collection(path, deadline_));
    return {};
  }

  WebService& web_;
  const TargetConfig& target_;
  const Deadline& deadline_;
  LandingSite site_;
  std::optional<Json::Array> merged_;  ///< those that have landed there, once somebody asks
  std::vector<Offer> offers_;
  std::string left_out_;  ///< what is not told of one that was
  std::map<std::string, Person> people_;
};

}  // namespace

Result<std::vector<Proposal>> list_proposals(WebService& web, const TargetConfig& target,
                                             const Deadline& deadline) {
  return ProposalListing(web, target, deadline).read();
}

}  // namespace cdctl::launchpad
