#include "plugins/bzr/bzr_forge.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/emptied_folder.hpp"
#include "plugins/bzr/own_branch.hpp"
#include "plugins/bzr/proposal_list.hpp"
#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/review_branch.hpp"
#include "plugins/bzr/review_file.hpp"
#include "plugins/bzr/revision_log.hpp"
#include "plugins/bzr/testament.hpp"
#include "plugins/bzr/workshop.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_longest = 64u << 20;  ///< of a testament

/// One line of brz's.
Result<std::string> line(std::vector<std::string> words, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto text, brz_output({std::move(words), deadline}));
  return std::string(trimmed(text));
}

std::string in_folder(const fs::path& folder) { return "--directory=" + folder.string(); }

/// The newest revision of a branch; empty where there is none.
Result<std::string> tip_of(const Address& address, const Deadline& deadline) {
  auto tip = newest_of(address, deadline);
  if (!tip && tip.error().reason == Reason::not_there) return std::string();
  if (!tip) return fail(tip.error().in("reading " + shown_address(address.url)));
  return std::move(tip->id);
}

/// The revision that is offered.
Result<std::string> offered(const ProposeRequest& request, const Deadline& deadline) {
  std::vector<std::string> asked{"revision-info", in_folder(request.folder)};
  if (request.revision.empty()) {
    asked.emplace_back("--tree");
  } else {
    CDCTL_TRY_ASSIGN(const auto spec, revision_spec(request.revision));
    asked.push_back("--revision=" + spec);
  }
  CDCTL_TRY_ASSIGN(const auto text, brz_output({std::move(asked), deadline}));
  CDCTL_TRY_ASSIGN(auto revision, parse_info(text));
  return std::move(revision.id);
}

/// Offers what the target has not; else it would be taken for landed, and removed.
Result<> check_new(const TargetConfig& target, const Address& trunk, const std::string& head,
                   const Deadline& deadline) {
  const auto known = ask_brz(trunk, "revid:" + head, deadline);
  if (!known && known.error().exit == ExitCode::failed) return {};
  if (!known) return fail(known.error().in("reading " + shown_address(trunk.url)));
  return fail(fmt::format("{} has {} already: commit something to propose", target.branch, head));
}

Result<bool> write_line_file(const fs::path& path, const std::string& text) {
  const auto before = read_file_if_there(path);
  if (before && *before && **before == text) return false;
  CDCTL_TRY(make_directories(path.parent_path()));
  CDCTL_TRY(write_file_atomically(path, text));
  return true;
}

/// The key that a review is signed by: `CDCTL_SIGNING_KEY`, or the usual file.
Result<fs::path> signing_key() {
  if (const char* named = std::getenv("CDCTL_SIGNING_KEY"); named && *named) return fs::path(named);
  const char* home = std::getenv("HOME");
  for (const auto* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    const auto path = fs::path(home ? home : "") / ".ssh" / name;
    std::error_code error;
    if (home && fs::exists(path, error)) return path;
  }
  return fail(ExitCode::config,
              "a review is signed by an SSH key: export CDCTL_SIGNING_KEY=~/.ssh/id_ed25519");
}

/// Says which proposals the others are that one comes after, each at its revision.
Result<std::string> after_text(const Host& host, const TargetConfig& target,
                               const std::string& topic, const std::vector<std::string>& after,
                               const Deadline& deadline) {
  std::string out;
  for (const auto& other : after) {
    CDCTL_TRY_ASSIGN(const auto place, place_of(host, target, other));
    if (other == topic) return fail(ExitCode::usage, "a proposal cannot come after itself");
    CDCTL_TRY_ASSIGN(const auto head, tip_of(place.address, deadline));
    if (head.empty())
      return fail(
          fmt::format("there is no proposal {} for {} to come after; see cdctl proposals "
                      "{}",
                      other, target.name, target.name));
    out += fmt::format("After: {} {}\n", other, head);
  }
  return out;
}

Result<> push(const Address& to, const fs::path& folder, const std::string& head,
              const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto said, run_brz({{"push", "--quiet", "--no-remember", "--no-strict",
                                              "--use-existing-dir", in_folder(folder),
                                              "--revision=revid:" + head, "--", to.url},
                                             deadline}));
  if (said.ok()) return {};
  if (said.err.contains("have diverged"))
    return fail(
        ExitCode::refused,
        fmt::format("{} has revisions that {} has not: somebody else has proposed it; merge "
                    "them, or take another name",
                    shown_address(to.url), folder.string()));
  return fail(explain(said).in("pushing to " + shown_address(to.url)));
}

/// What a revision holds as the folder of whoever reviews has it: what they have looked at.
Result<Testament> looked_at(const fs::path& folder, const std::string& head, const Address& from,
                            const Deadline& deadline) {
  const auto text = brz_output(
      {{"testament", "--strict", "--long", "--revision=revid:" + head, "--", folder.string()},
       deadline,
       {},
       {},
       {},
       k_longest});
  if (text) return parse_testament(*text);
  if (text.error().exit != ExitCode::failed) return fail(text.error());
  return fail(ExitCode::refused,
              fmt::format("{} is at {}, which is not in {}: brz branch {}, look at it, and review "
                          "it there",
                          shown_address(from.url), head, folder.string(), shown_address(from.url)));
}

/// What is signed is what stands before the reviewer: that their repository has a revision says
/// only that something has fetched it.
Result<> check_stands(const fs::path& folder, const std::string& head, const Address& from,
                      const Deadline& deadline) {
  const auto text = brz_output({{"revision-info", in_folder(folder)}, deadline});
  const auto here = text ? parse_info(*text) : fail(text.error());
  if (!here && here.error().reason != Reason::not_there) return fail(here.error());
  if (here && here->id == head) return {};
  return fail(
      ExitCode::refused,
      fmt::format("{} is at {}, and {} is at {}: brz branch {}, look at it, and review it there; "
                  "or say which revision you have looked at: --head REVISION-ID",
                  shown_address(from.url), head, folder.string(), here ? here->id : "none",
                  shown_address(from.url)));
}

std::string report_text(const ProposalReport& report) {
  using enum ProposalReport::State;
  const std::string_view state = report.state == landed     ? "landed"
                                 : report.state == rejected ? "rejected"
                                                            : "pending";
  auto out = fmt::format("{}\n\n", report.summary);
  if (!report.text.empty()) out += fmt::format("{}\n\n", trimmed(report.text));
  out += fmt::format("Land-State: {}\nLand-Head: {}\n", state, report.head);
  if (!report.commit.empty()) out += fmt::format("Land-Commit: {}\n", report.commit);
  return out;
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> BzrForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out;
  for (const auto* target : targets) out.push_back(list_proposals(host_, *target, deadline));
  return out;
}

Result<ProposeAnswer> BzrForge::do_propose(const TargetConfig& target,
                                           const ProposeRequest& request,
                                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto trunk,
                   parse_address(target.repository, host_.config().file.parent_path()));
  CDCTL_TRY_ASSIGN(const auto head, offered(request, deadline));
  auto topic = request.id;
  if (topic.empty()) {
    CDCTL_TRY_ASSIGN(topic, line({"nick", in_folder(request.folder)}, deadline));
  }
  CDCTL_TRY_ASSIGN(const auto place, place_of(host_, target, topic));
  if (!place.ours)
    return fail(ExitCode::usage, fmt::format("{} is in bzr.branches: push to {}", topic,
                                             shown_address(place.address.url)));
  ProposeAnswer out{topic, place.address.url, head, false};
  CDCTL_TRY_ASSIGN(const auto after, after_text(host_, target, topic, request.after, deadline));
  if (is_a_targets(host_, target, place.address))
    return fail(ExitCode::usage, fmt::format("{} is a target's own: take another name",
                                             shown_address(place.address.url)));
  CDCTL_TRY(check_own_branch(place.address, deadline));
  CDCTL_TRY_ASSIGN(const auto before, tip_of(place.address, deadline));
  if (before == head && after.empty()) return out;
  CDCTL_TRY(check_new(target, trunk, head, deadline));
  out.changed = true;
  if (request.dry_run) {
    if (after.empty()) return out;
    CDCTL_TRY(ReviewBranch::of(host_, target));
    return out;
  }
  if (!after.empty()) {  // it must not be there for a moment without what holds it back
    CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host_, target));
    const auto file = ReviewBranch::folder(target, topic) + ".after";
    const auto edit = [&](const fs::path& folder) { return write_line_file(folder / file, after); };
    CDCTL_TRY(reviews.change(edit, fmt::format("{} comes after {}", topic, joined(request.after)),
                             {}, deadline, file));
  }
  if (before != head) CDCTL_TRY(push(place.address, request.folder, head, deadline));
  return out;
}

namespace {

/// Who made what is proposed, as the folder of whoever reviews has it; of the newest revision alone
/// where that does not say which ones the target has not.
std::vector<Person> makers_of(const fs::path& folder, const std::string& head, const Address& trunk,
                              const Deadline& deadline) {
  const std::vector<std::string> as_log{"--log-format=long", "--show-ids", in_folder(folder)};
  std::vector<std::string> words{"missing", "--quiet", "--mine-only", "--include-merged",
                                 "--my-revision=..revid:" + head};
  words.insert(words.end(), as_log.begin(), as_log.end());
  words.insert(words.end(), {"--", trunk.url});
  auto said = brz_answer({std::move(words), deadline}, {1});
  if (!said)
    said = brz_answer({{"log", "--log-format=long", "--show-ids", "--limit=1",
                        "--revision=revid:" + head, "--", folder.string()},
                       deadline},
                      {});
  std::vector<Person> out;
  if (!said) return out;
  for (const auto& revision : parse_log(said->out))
    out.insert(out.end(), revision.people.begin(), revision.people.end());
  return out;
}

/// A review as it stands in the end, and by whom it says it is.
struct OwnReview {
  fs::path folder;
  std::string who, head;
  std::string text;  ///< signed; empty where none is made
};

/// Why it will not count as it is, as far as this machine can tell: by the file of reviewers beside
/// its configuration, and who made what was reviewed. Empty where nothing is known against it.
std::string why_not_counted(const Host& host, const TargetConfig& target, const Address& trunk,
                            const OwnReview& review, const Deadline& deadline) {
  const auto given = target.table["bzr"]["reviewers"].as_string();
  if (given.empty()) return "the target's file names no bzr.reviewers";
  const auto path = host.config().file.parent_path() / given;
  const auto text = read_file_if_there(path);
  const auto scratch = host.home() / "land";
  if (!text || !*text || !make_directories(scratch, 0700)) return {};
  auto who = review.who;
  if (!review.text.empty()) {
    const auto signer = ask_signer(parse_review(review.text), path, scratch, deadline);
    if (!signer) return {};
    if (signer->who.empty()) return fmt::format("{}, {}", signer->why, path.string());
    who = signer->who;
  }
  const auto own =
      Reviewers::parse(**text).among(who, makers_of(review.folder, review.head, trunk, deadline));
  return own.empty() ? std::string()
                     : fmt::format("{} has made some of it, and an author's own does not count",
                                   printable(own, 80));
}

}  // namespace

Result<ReviewAnswer> BzrForge::do_review(const TargetConfig& target, const ReviewRequest& request,
                                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto trunk,
                   parse_address(target.repository, host_.config().file.parent_path()));
  CDCTL_TRY_ASSIGN(const auto place, place_of(host_, target, request.id));
  CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host_, target));
  ReviewAnswer out;
  CDCTL_TRY_ASSIGN(const auto who, line({"whoami", in_folder(request.folder)}, deadline));
  out.who = parse_person(who).email;
  if (!out.who.contains('@') || !valid_topic(out.who))
    return fail(ExitCode::config, "brz does not know who you are: brz whoami 'Name <address>'");
  CDCTL_TRY_ASSIGN(out.head, tip_of(place.address, deadline));
  if (out.head.empty())
    return fail(fmt::format("there is no proposal {} for {}; see cdctl proposals {}", request.id,
                            target.name, target.name));
  // A beginning of an id says little: whoever commits makes it up.
  if (!request.head.empty() && out.head != request.head)
    return fail(ExitCode::refused, fmt::format("{} is at {} by now; look at that",
                                               shown_address(place.address.url), out.head));
  if (request.head.empty())
    CDCTL_TRY(check_stands(request.folder, out.head, place.address, deadline));
  CDCTL_TRY_ASSIGN(const auto seen, looked_at(request.folder, out.head, place.address, deadline));
  Review review{target.branch, request.id,   out.head,       seen.digest,
                request.value, std::nullopt, request.comment};
  const auto path = fmt::format("{}/{}", ReviewBranch::folder(target, request.id), out.who);
  std::string kept;  // as it stands in the branch in the end
  const auto edit = [&](const fs::path& folder) -> Result<bool> {
    CDCTL_TRY_ASSIGN(const auto there, read_file_if_there(folder / path));
    const auto before = parse_review(there.value_or(""));
    review.at = before.review.at;
    if (there && !before.signature.empty() && review_text(review) == before.payload)
      return kept = *there, false;
    if (request.dry_run) return out.changed = true, false;
    // After the one it replaces, however wrong a clock was: the later one counts.
    review.at = std::chrono::floor<std::chrono::seconds>(now());
    if (before.review.at)
      review.at = std::max(*review.at, Time(*before.review.at + std::chrono::seconds(1)));
    CDCTL_TRY_ASSIGN(const auto key, signing_key());
    CDCTL_TRY_ASSIGN(kept, sign_review(review_text(review), key, deadline));
    return write_line_file(folder / path, kept);
  };
  CDCTL_TRY_ASSIGN(
      const bool changed,
      reviews.change(edit, fmt::format("{}: {} of {}", request.value, out.who, request.id), who,
                     deadline, path));
  out.changed = changed || out.changed;
  const auto why =
      why_not_counted(host_, target, trunk, {request.folder, out.who, out.head, kept}, deadline);
  if (!why.empty())
    host_.log(Level::warning, fmt::format("{}: {}: this review does not count as it is: {}",
                                          target.name, request.id, why));
  return out;
}

Result<bool> BzrForge::do_report(const TargetConfig& target, const std::string& id,
                                 const ProposalReport& report, const Deadline& deadline) {
  if (!ReviewBranch::named(target)) return false;
  CDCTL_TRY_ASSIGN(const auto place, place_of(host_, target, id));
  // What is said of it goes with it.
  if (report.state == ProposalReport::State::landed && target.remove_branch && place.ours)
    return false;
  CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host_, target));
  const auto file = ReviewBranch::folder(target, id) + ".land";
  const auto edit = [&](const fs::path& folder) {
    return write_line_file(folder / file, report_text(report));
  };
  return reviews.change(edit, fmt::format("{}: {}", id, report.summary),
                        fmt::format("cdctl <{}>", host_.actor()), deadline, file);
}

namespace {

/// That the target has a revision: then no branch is needed to keep it.
Result<> check_on_trunk(const Host& host, const TargetConfig& target, const std::string& head,
                        const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto workshop, Workshop::open(host, target, deadline));
  CDCTL_TRY(workshop.fetch_trunk(deadline));
  CDCTL_TRY_ASSIGN(const auto there, workshop.on_trunk({head}, deadline));
  if (there.front()) return {};
  return fail(ExitCode::refused, fmt::format("{} does not have {}", target.branch, head));
}

}  // namespace

Result<bool> BzrForge::do_clear(const TargetConfig& target, const std::string& id,
                                const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto place, place_of(host_, target, id));
  if (!place.ours || is_a_targets(host_, target, place.address)) return false;
  CDCTL_TRY(check_own_branch(place.address, deadline));
  CDCTL_TRY_ASSIGN(const auto tip, tip_of(place.address, deadline));
  if (!tip.empty() && tip != head) return false;  // there is more in it by now
  bool changed = false;
  if (!tip.empty()) {
    CDCTL_TRY(check_on_trunk(host_, target, head, deadline));
    // A push makes one where the folder has not said otherwise. brz keeps one that was edited.
    std::error_code error;
    if (place.address.local && fs::exists(fs::path(place.address.url) / ".bzr/checkout", error))
      (void)brz_output({{"remove-tree", "--quiet", "--", place.address.url}, deadline});
    CDCTL_TRY_ASSIGN(changed, remove_own_branch(place.address, head, deadline));
  }
  if (place.address.local) remove_emptied(place.address.url);
  if (!ReviewBranch::named(target)) return changed;
  CDCTL_TRY_ASSIGN(const auto reviews, ReviewBranch::of(host_, target));
  const auto edit = [&](const fs::path& folder) -> Result<bool> {
    const auto base = folder / ReviewBranch::folder(target, id);
    bool had = false;
    for (const auto& path :
         {base, fs::path(base.string() + ".after"), fs::path(base.string() + ".land")}) {
      std::error_code error;
      had = fs::exists(path, error) || had;
      CDCTL_TRY(remove_tree(path));
    }
    return had;
  };
  CDCTL_TRY_ASSIGN(
      const bool said,
      reviews.change(edit, id + " has landed", fmt::format("cdctl <{}>", host_.actor()), deadline));
  return changed || said;
}

}  // namespace cdctl::bzr
