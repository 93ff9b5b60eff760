#include "plugins/bzr/proposal_list.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/parallel.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/own_branch.hpp"
#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/review_branch.hpp"
#include "plugins/bzr/review_file.hpp"
#include "plugins/bzr/slow_places.hpp"
#include "plugins/bzr/workshop.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

constexpr std::size_t k_most_reviews = 1000;  ///< of one proposal

/// A proposal as it was fetched.
struct Fetched {
  Place place;
  std::string head;  ///< empty: there is nothing in it yet, or it has just gone
  std::vector<LoggedRevision> revisions;
  Testament testament;
  std::string why;  ///< it cannot be read: it is left out
};

/// Whose word counts on a target.
struct Trusted {
  fs::path file;
  Reviewers reviewers;
  std::string digest;  ///< of the file
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
  // Keys may have a last day: what was found out holds for one.
  out.digest =
      sha256_hex(out.file.string() + "\n" + *text + "\n" + to_rfc3339(now()).substr(0, 10));
  return out;
}

Result<Fetched> fetch_one(const Workshop& workshop, const Place& place, const Deadline& deadline) {
  Fetched out{place, {}, {}, {}, {}};
  // Over a network `brz branches` lists no reference under the place's name.
  if (place.ours && place.address.local) CDCTL_TRY(check_own_branch(place.address, deadline));
  const auto tip = workshop.fetch_proposal(place.address, deadline);
  if (!tip && tip.error().reason == Reason::not_there) return out;  // half pushed, or cleared
  if (!tip) return fail(tip.error().in("reading " + shown_address(place.address.url)));
  out.head = tip->id;
  CDCTL_TRY_ASSIGN(out.revisions, workshop.missing(place.address, deadline));
  CDCTL_TRY_ASSIGN(out.testament, workshop.testament(out.head, deadline));
  return out;
}

/// A part of the time is kept for the reviews, and for who has signed them.
std::vector<Fetched> fetch_all(const Workshop& workshop, const std::vector<Place>& places,
                               const Deadline& deadline) {
  const SlowPlaces slow(workshop, places);
  const auto order = slow.order();
  const auto for_all = deadline.at_most(deadline.left() * 3 / 4);
  std::vector<std::optional<Result<Fetched>>> answers(places.size());
  const auto whole = for_all.left();
  in_parallel(places.size(), [&](std::size_t turn) {
    const auto& place = places[order[turn]];
    auto& answer = answers[order[turn]];
    const auto share = slow.share(place, for_all);
    if (for_all.passed())
      answer = fail(ExitCode::timeout, "no time was left to read it; the next run goes on with it");
    else
      answer = fetch_one(workshop, place, for_all.at_most(share));
    const auto exit = *answer ? ExitCode::done : answer->error().exit;
    // Who had hardly any time is not to blame: it keeps its place, and comes to its turn.
    if (exit == ExitCode::timeout ? share >= whole / 8 : exit != ExitCode::interrupted)
      slow.note(place, exit != ExitCode::timeout);
  });
  std::vector<Fetched> out;
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& answer = *answers[i];
    out.push_back(answer ? std::move(*answer)
                         : Fetched{places[i], {}, {}, {}, answer.error().what});
  }
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
      if (one.head.empty() || !one.why.empty()) continue;
      auto proposal = proposal_of(one);
      proposal.base = base;
      prerequisites(proposal);
      // Of a half of its votes no gate could tell who has said no.
      if (const auto read = votes(proposal, one.testament); read)
        out.push_back(std::move(proposal));
      else
        left_out_.emplace(one.place.topic, read.error().what);
    }
    std::ranges::stable_sort(out, {}, [](const Proposal& proposal) {
      return std::pair(proposal.created.value_or(Time()), proposal.id);
    });
    return out;
  }

  /// The proposals that are missing in the answer, and why.
  [[nodiscard]] const std::map<std::string, std::string>& left_out() const { return left_out_; }

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
    const auto share = deadline_.at_most(deadline_.left() / 4);
    std::size_t seen = 0;
    for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);
         ++at) {
      const auto name = at->first.substr(prefix.size());
      if (name.contains('/')) continue;
      if (++seen > k_most_reviews)
        return fail(
            fmt::format("it has more than {} reviews, which nobody reads: remove those in "
                        "{} that are none",
                        k_most_reviews, prefix));
      const auto signed_review = parse_review(at->second);
      auto vote = vote_of(proposal, testament, name, signed_review);
      if (vote.why.empty()) CDCTL_TRY(believe(proposal, vote, signed_review, share));
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

  Result<> believe(const Proposal& proposal, Vote& vote, const SignedReview& from,
                   const Deadline& share) const {
    CDCTL_TRY_ASSIGN(const auto signer, signer_of(from, share));
    vote.why = signer.why;
    if (signer.who.empty()) return {};
    vote.who = trusted_.reviewers.names_of(signer.who).front();
    if (const auto own = trusted_.reviewers.among(signer.who, proposal.authors); !own.empty())
      vote.why = fmt::format("an author's own ({})", printable(own, 80));
    vote.trusted = vote.why.empty();
    return {};
  }

  /// What was found out of a review once stays so while the same keys count.
  [[nodiscard]] Result<Signer> signer_of(const SignedReview& from, const Deadline& share) const {
    const auto key = sha256_hex(trusted_.digest + "\n" + from.payload + "\n" + from.signature);
    if (const auto known = workshop_.note("signers", key))
      return Signer{(*known)["who"].as_string(), (*known)["why"].as_string()};
    auto signer = ask_signer(from, trusted_.file, workshop_.path(), share);
    if (signer)
      (void)workshop_.keep_note("signers", key,
                                Json::object({{"who", signer->who}, {"why", signer->why}}));
    return signer;
  }

  const Workshop& workshop_;
  const TargetConfig& target_;
  const Trusted& trusted_;
  const Files& files_;
  const std::vector<Fetched>& all_;
  const Deadline& deadline_;
  std::map<std::string, bool> landed_;
  std::map<std::string, std::string> left_out_;
};

}  // namespace

Result<> check_target(const TargetConfig& target) {
  if (target.method == MergeMethod::merge) return {};
  return fail(
      ExitCode::config,
      fmt::format("{}: Breezy branches land by merge alone: leave `method` out", target.name));
}

Result<std::vector<Proposal>> list_proposals(Host& host, const TargetConfig& target,
                                             const Deadline& deadline) {
  CDCTL_TRY(check_target(target));
  CDCTL_TRY_ASSIGN(const auto trusted, read_trusted(host, target));
  CDCTL_TRY_ASSIGN(const auto places, places_of(host, target, deadline));
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, target, deadline));
  const auto base = workshop.fetch_trunk(deadline);
  if (!base) return fail(base.error().in("reading " + shown_address(workshop.address().url)));
  const auto all = fetch_all(workshop, places, deadline);
  Files files;
  if (ReviewBranch::named(target)) {
    CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host, target));
    CDCTL_TRY_ASSIGN(files, reviews.read(deadline));
  }
  TargetReader reader(workshop, target, trusted, files, all, deadline);
  auto out = reader.read(base->id);
  auto left_out = reader.left_out();
  for (const auto& one : all)
    if (!one.why.empty()) left_out.emplace(one.place.topic, one.why);
  for (const auto& [topic, why] : left_out)
    host.log(Level::warning, fmt::format("{}: {} is left out: {}", target.name, topic, why));
  return out;
}

}  // namespace cdctl::bzr
