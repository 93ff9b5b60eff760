#include "plugins/bzr/proposal_list.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/parallel.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/review_branch.hpp"
#include "plugins/bzr/review_file.hpp"
#include "plugins/bzr/workshop.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

/// A proposal as it was fetched.
struct Fetched {
  Place place;
  std::string head;  ///< empty: there is nothing in it yet, or it has just gone
  std::vector<LoggedRevision> revisions;
  Testament testament;
};

/// Whose word counts on a target.
struct Trusted {
  fs::path file;
  Reviewers reviewers;
};

Result<Trusted> read_trusted(const Host& host, const TargetConfig& target) {
  Trusted out;
  const auto given = target.table["bzr"]["reviewers"].as_string();
  if (given.empty()) return out;
  out.file = host.config().file.parent_path() / given;
  const auto named = [](const Error& error) { return error.in("bzr.reviewers"); };
  if (const auto ours = only_ours_to_write(out.file); !ours) return fail(named(ours.error()));
  const auto text = read_file(out.file);
  if (!text) return fail(ExitCode::config, named(text.error()).what);
  out.reviewers = Reviewers::parse(*text);
  return out;
}

Result<Fetched> fetch_one(const Workshop& workshop, const Place& place, const Deadline& deadline) {
  Fetched out{place, {}, {}, {}};
  const auto tip = workshop.fetch_proposal(place.address, deadline);
  if (!tip && tip.error().reason == Reason::not_there) return out;  // half pushed, or cleared
  if (!tip) return fail(tip.error().in("reading " + shown_address(place.address.url)));
  out.head = tip->id;
  CDCTL_TRY_ASSIGN(out.revisions, workshop.missing(place.address, deadline));
  CDCTL_TRY_ASSIGN(out.testament, workshop.testament(out.head, deadline));
  return out;
}

/// Reads the proposals of one target out of what was fetched.
class TargetReader {
 public:
  TargetReader(const Workshop& workshop, const TargetConfig& target, const Trusted& trusted,
               const Files& files, const std::vector<Fetched>& all, const Deadline& deadline)
      : workshop_(workshop),
        target_(target),
        trusted_(trusted),
        files_(files),
        all_(all),
        deadline_(deadline) {}

  Result<std::vector<Proposal>> read(const std::string& base) {
    CDCTL_TRY(ask_landed());
    std::vector<Proposal> out;
    for (const auto& one : all_) {
      if (one.head.empty()) continue;
      auto& proposal = out.emplace_back(proposal_of(one));
      proposal.base = base;
      prerequisites(proposal);
      CDCTL_TRY(votes(proposal, one.testament));
    }
    std::ranges::stable_sort(out, {}, [](const Proposal& proposal) {
      return std::pair(proposal.created.value_or(Time()), proposal.id);
    });
    return out;
  }

 private:
  [[nodiscard]] Proposal proposal_of(const Fetched& one) const {
    Proposal out;
    out.target = target_.name;
    out.id = one.place.topic;
    out.kind = "bzr";
    out.ref = one.place.address.url;
    out.head = one.head;
    out.merged = one.revisions.empty();
    for (const auto& revision : one.revisions) {
      for (const auto& person : revision.people)
        if (std::ranges::find(out.authors, person) == out.authors.end())
          out.authors.push_back(person);
      if (revision.id != one.head) continue;
      out.title = revision.title;
      out.description = revision.description;
      out.created = revision.at;
    }
    // Whose it is first of all stands last, whatever else is by them and whom they name.
    if (!one.revisions.empty() && !one.revisions.back().people.empty()) {
      const auto& first = one.revisions.back().people.front();
      std::erase(out.authors, first);
      out.authors.push_back(first);
    }
    return out;
  }

  [[nodiscard]] std::vector<AfterLine> after(const std::string& topic) const {
    const auto at = files_.find(ReviewBranch::folder(target_, topic) + ".after");
    return at == files_.end() ? std::vector<AfterLine>() : parse_after(at->second);
  }

  /// Which of those that others come after the target has.
  Result<> ask_landed() {
    std::vector<std::string> asked;
    for (const auto& one : all_)
      for (auto& [topic, revision] : after(one.place.topic))
        if (valid_revision_id(revision)) asked.push_back(std::move(revision));
    if (asked.empty()) return {};
    CDCTL_TRY_ASSIGN(const auto there, workshop_.on_trunk(asked, deadline_));
    for (std::size_t i = 0; i < asked.size(); ++i) landed_[asked[i]] = there[i];
    return {};
  }

  void prerequisites(Proposal& proposal) const {
    for (const auto& [topic, revision] : after(proposal.id)) {
      auto state = Prerequisite::State::gone;
      const auto known = landed_.find(revision);
      const bool open = std::ranges::any_of(all_, [&](const Fetched& other) {
        return other.place.topic == topic && !other.head.empty();
      });
      if (known != landed_.end() && known->second)
        state = Prerequisite::State::landed;
      else if (open)
        state = Prerequisite::State::open;
      proposal.after.push_back({topic, state});
    }
  }

  Result<> votes(Proposal& proposal, const Testament& testament) const {
    const auto prefix = ReviewBranch::folder(target_, proposal.id) + "/";
    for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);
         ++at) {
      const auto name = at->first.substr(prefix.size());
      if (name.contains('/')) continue;
      const auto signed_review = parse_review(at->second);
      auto vote = vote_of(proposal, testament, name, signed_review);
      if (vote.why.empty()) CDCTL_TRY(believe(proposal, vote, signed_review));
      keep_latest(proposal.votes, std::move(vote));
    }
    return {};
  }

  /// What is said, and why it does not count whoever has said it.
  [[nodiscard]] Vote vote_of(const Proposal& proposal, const Testament& testament,
                             const std::string& name, const SignedReview& from) const {
    const auto& review = from.review;
    Vote out;
    out.who = name;
    out.value = review.value;
    out.head = review.head;
    out.at = review.at;
    if (review.value.empty())
      out.why = "it is no file that cdctl review made";
    else if (review.target != target_.branch || review.topic != proposal.id)
      out.why = fmt::format("it is a review of {} for {}", printable(review.topic, 60),
                            printable(review.target, 60));
    else if (review.head != proposal.head)
      out.why = "it is of an older head";
    else if (review.testament != testament.digest)
      out.why = "what was reviewed under this revision-id is not what is proposed";
    return out;
  }

  Result<> believe(const Proposal& proposal, Vote& vote, const SignedReview& from) const {
    CDCTL_TRY_ASSIGN(const auto signer,
                     ask_signer(from, trusted_.file, workshop_.path(), deadline_));
    vote.why = signer.why;
    if (signer.who.empty()) return {};
    vote.who = trusted_.reviewers.names_of(signer.who).front();
    if (const auto own = trusted_.reviewers.among(signer.who, proposal.authors); !own.empty())
      vote.why = fmt::format("an author's own ({})", printable(own, 80));
    vote.trusted = vote.why.empty();
    return {};
  }

  const Workshop& workshop_;
  const TargetConfig& target_;
  const Trusted& trusted_;
  const Files& files_;
  const std::vector<Fetched>& all_;
  const Deadline& deadline_;
  std::map<std::string, bool> landed_;
};

}  // namespace

Result<> check_target(const TargetConfig& target) {
  if (target.method == MergeMethod::merge) return {};
  return fail(
      ExitCode::config,
      fmt::format("{}: Breezy branches land by merge alone: leave `method` out", target.name));
}

Result<std::vector<Proposal>> list_proposals(const Host& host, const TargetConfig& target,
                                             const Deadline& deadline) {
  CDCTL_TRY(check_target(target));
  CDCTL_TRY_ASSIGN(const auto trusted, read_trusted(host, target));
  CDCTL_TRY_ASSIGN(const auto places, places_of(host, target, deadline));
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, target, deadline));
  const auto base = workshop.fetch_trunk(deadline);
  if (!base) return fail(base.error().in("reading " + shown_address(workshop.address().url)));
  std::vector<std::optional<Result<Fetched>>> answers(places.size());
  in_parallel(places.size(),
              [&](std::size_t i) { answers[i] = fetch_one(workshop, places[i], deadline); });
  std::vector<Fetched> all;
  for (auto& answer : answers) {
    CDCTL_TRY_ASSIGN(auto one, std::move(*answer));
    all.push_back(std::move(one));
  }
  Files files;
  if (ReviewBranch::named(target)) {
    CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host, target));
    CDCTL_TRY_ASSIGN(files, reviews.read(deadline));
  }
  return TargetReader(workshop, target, trusted, files, all, deadline).read(base->id);
}

}  // namespace cdctl::bzr
