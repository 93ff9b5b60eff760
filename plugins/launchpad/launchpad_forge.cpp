#include "plugins/launchpad/launchpad_forge.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/launchpad/landing_site.hpp"
#include "plugins/launchpad/merge_proposal.hpp"
#include "plugins/launchpad/proposal_listing.hpp"
#include "plugins/launchpad/report_comment.hpp"
#include "plugins/launchpad/status_reports.hpp"

namespace cdctl::launchpad {

namespace {

constexpr Millis k_until_scanned(60'000);  ///< Launchpad looks at a push a moment later
constexpr Millis k_between(1'000);

/// A merge proposal, and what is needed to do something with it.
struct Found {
  LandingSite site;
  Json json;
  std::string path;  ///< of it
  std::string head;  ///< empty where its branch is gone

  [[nodiscard]] std::string_view status() const { return json["queue_status"].view(); }
};

Result<std::string> head_of(WebService& web, const Json& proposal, const Deadline& deadline) {
  const auto source = place_of(proposal, "source");
  CDCTL_TRY_ASSIGN(const auto home, web.path_of(source.link));
  const auto entry = web.get(source.git() ? ref_by_path(home, source.path) : home, deadline);
  if (entry) return tip_of(*entry);
  if (entry.error().reason == Reason::not_there) return std::string();
  return fail(entry.error());
}

Result<Found> find(WebService& web, const TargetConfig& target, const std::string& id,
                   const Deadline& deadline) {
  Found out;
  CDCTL_TRY_ASSIGN(out.site, landing_site(web, target, deadline));
  CDCTL_TRY_ASSIGN(out.json, find_proposal(web, out.site, id, deadline));
  CDCTL_TRY_ASSIGN(out.path, web.path_of(out.json["self_link"]));
  CDCTL_TRY_ASSIGN(out.head, head_of(web, out.json, deadline));
  return out;
}

/// The ref of a branch that was pushed, once Launchpad has seen it there.
Result<Json> scanned_ref(WebService& web, const PushedBranch& branch, const Deadline& deadline) {
  const auto seen = deadline.at_most(k_until_scanned);
  CDCTL_TRY_ASSIGN(const auto repository,
                   web.get(asking("/+git", "getByPath", {{"path", branch.path}}), deadline));
  if (repository.is_null())
    return fail(ExitCode::unknown, fmt::format("Launchpad has no git repository {}", branch.path));
  CDCTL_TRY_ASSIGN(const auto path, web.path_of(repository["self_link"]));
  for (;;) {
    CDCTL_TRY_ASSIGN(auto ref, web.get(ref_by_path(path, "refs/heads/" + branch.branch), deadline));
    if (tip_of(ref) == branch.head) return ref;
    if (seen.passed())
      return fail(ExitCode::unknown,
                  fmt::format("{} is pushed, and Launchpad has not looked at it yet: run it again",
                              branch.branch));
    if (!pause_for(k_between, seen)) return fail(ExitCode::interrupted, "interrupted");
  }
}

/// The link of the branch that one comes after.
Result<std::optional<Place>> prerequisite_of(WebService& web, const LandingSite& site,
                                             const std::vector<std::string>& after,
                                             const Deadline& deadline) {
  if (after.empty()) return std::nullopt;
  if (after.size() > 1)
    return fail(ExitCode::usage, "Launchpad keeps one prerequisite of a merge proposal");
  const auto found = find_proposal(web, site, after.front(), deadline);
  if (found) return place_of(*found, "source");
  if (found.error().reason != Reason::not_there) return fail(found.error());
  return fail(fmt::format("{} to come after", found.error().what));
}

}  // namespace

std::vector<Result<std::vector<Proposal>>> LaunchpadForge::do_proposals(
    std::span<const TargetConfig* const> targets, const Deadline& deadline) {
  std::vector<Result<std::vector<Proposal>>> out;
  for (const auto* target : targets) {
    const auto web = webs_.of(*target);
    out.push_back(web ? list_proposals(**web, *target, deadline)
                      : Result<std::vector<Proposal>>(fail(web.error())));
  }
  return out;
}

Result<ProposeAnswer> LaunchpadForge::do_propose(const TargetConfig& target,
                                                 const ProposeRequest& request,
                                                 const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const web, webs_.of(target));
  if (is_breezy(target, web->access().repository))
    return fail(ExitCode::usage,
                "a Breezy branch is proposed by brz: push it, then brz lp-propose");
  CDCTL_TRY_ASSIGN(const auto site, landing_site(*web, target, deadline));
  CDCTL_TRY_ASSIGN(const auto before, prerequisite_of(*web, site, request.after, deadline));
  CDCTL_TRY_ASSIGN(const auto branch, push_proposal(target, web->access(), request, deadline));
  ProposeAnswer out{branch.branch, "refs/heads/" + branch.branch, branch.head, branch.moved};
  if (request.dry_run && branch.moved) return out;
  CDCTL_TRY_ASSIGN(const auto ref, scanned_ref(*web, branch, deadline));
  const Place own{ref["repository_link"].as_string(), out.ref};
  CDCTL_TRY_ASSIGN(const auto open, open_proposals(*web, site, deadline));
  const auto there =
      std::ranges::find_if(open, [&](const Json& one) { return place_of(one, "source") == own; });
  if (there != open.end()) {
    out.id = number_of(*there);
    if (before && place_of(*there, "prerequisite") != *before)
      return fail(ExitCode::refused,
                  fmt::format("Launchpad changes no prerequisite: resubmit {} there",
                              (*there)["web_link"].as_string()));
    return out;
  }
  out.changed = true;
  if (request.dry_run) return out;
  CDCTL_TRY_ASSIGN(const auto from, web->path_of(ref["self_link"]));
  const auto text =
      branch.description.empty() ? branch.title : branch.title + "\n\n" + branch.description;
  Parameters said{{"merge_target", web->access().api + site.ref},
                  {"needs_review", true},
                  {"commit_message", text}};
  if (before) {
    CDCTL_TRY_ASSIGN(const auto home, web->path_of(Json(before->link)));
    CDCTL_TRY_ASSIGN(const auto first, web->get(ref_by_path(home, before->path), deadline));
    said.emplace_back("merge_prerequisite", first["self_link"]);
  }
  CDCTL_TRY_ASSIGN(const auto made, web->post(from, "createMergeProposal", said, false, deadline));
  out.id = number_of(Json::object({{"self_link", made}}));
  return out;
}

Result<ReviewAnswer> LaunchpadForge::do_review(const TargetConfig& target,
                                               const ReviewRequest& request,
                                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const web, webs_.of(target));
  const auto found = find(*web, target, request.id, deadline);
  if (!found && found.error().reason != Reason::not_there) return fail(found.error());
  if (!found || !is_open(found->json))
    return fail(fmt::format("there is no open merge proposal {} for {}", printable(request.id, 40),
                            target.name));
  const auto source = place_of(found->json, "source");
  if (!source.git())
    return fail(ExitCode::usage, fmt::format("review a Breezy branch on its page: {}",
                                             found->json["web_link"].as_string()));
  ReviewAnswer out;
  out.head = found->head;
  CDCTL_TRY_ASSIGN(const auto home_path, web->path_of(Json(source.link)));
  CDCTL_TRY_ASSIGN(const auto home, web->get(home_path, deadline));
  CDCTL_TRY_ASSIGN(const auto from, source_of(source, home, found->site, target));
  auto where = target;  // that it is fetched from
  if (!from.url.empty()) where.repository = from.url;
  CDCTL_TRY(check_reviewed(where, request, out.head, source.path, deadline));
  CDCTL_TRY_ASSIGN(out.who, web->me(deadline));
  CDCTL_TRY_ASSIGN(const auto path, web->path_of(found->json["votes_collection_link"]));
  CDCTL_TRY_ASSIGN(const auto comments_path,
                   web->path_of(found->json["all_comments_collection_link"]));
  CDCTL_TRY_ASSIGN(const auto diffs, web->path_of(found->json["preview_diffs_collection_link"]));
  Spoken spoken;
  spoken.json = found->json;
  spoken.head = found->head;
  CDCTL_TRY_ASSIGN(spoken.votes, web->collection(path, deadline));
  CDCTL_TRY_ASSIGN(spoken.comments, web->collection(comments_path, deadline));
  CDCTL_TRY_ASSIGN(spoken.diffs, web->collection(diffs, deadline));
  const auto votes = votes_of(spoken, [](const std::string&) { return std::string(); });
  const bool said = std::ranges::any_of(votes, [&](const Vote& vote) {
    return vote.who == out.who && vote.value == request.value && vote.head == out.head;
  });
  const bool sets = request.value == "Approve" &&
                    (found->status() != "Approved" ||
                     found->json["reviewed_revid"].view() != std::string_view(out.head));
  if (said && request.comment.empty() && !sets) return out;
  out.changed = true;
  if (request.dry_run) return out;
  if (!said || !request.comment.empty())
    CDCTL_TRY(web->post(found->path, "createComment",
                        {{"content", request.comment}, {"vote", request.value}}, false, deadline));
  // What lands is what is Approved, at the revision that was looked at.
  if (sets)
    CDCTL_TRY(web->post(found->path, "setStatus", {{"status", "Approved"}, {"revid", out.head}},
                        true, deadline));
  return out;
}

Result<bool> LaunchpadForge::do_report(const TargetConfig& target, const std::string& id,
                                       const ProposalReport& report, const Deadline& deadline) {
  using enum ProposalReport::State;
  if (report.state == pending) return false;  // a comment goes to everybody's mail
  CDCTL_TRY_ASSIGN(auto* const web, webs_.of(target));
  CDCTL_TRY_ASSIGN(const auto found, find(*web, target, id, deadline));
  CDCTL_TRY_ASSIGN(const auto comments, web->path_of(found.json["all_comments_collection_link"]));
  // That it has landed says Launchpad itself; only a comment that says otherwise is corrected.
  CDCTL_TRY_ASSIGN(const bool told, upsert_report(*web, found.path, comments, target, report,
                                                  report.state == rejected, deadline));
  const bool back = report.state == rejected && found.status() == "Approved" &&
                    (found.head == report.head || found.head.empty());
  if (!back) return told;
  CDCTL_TRY(web->post(found.path, "setStatus", {{"status", "Needs review"}}, true, deadline));
  return true;
}

Result<std::vector<CommitStatus>> LaunchpadForge::do_statuses(const TargetConfig& target,
                                                              const std::string& commit,
                                                              const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const web, webs_.of(target));
  if (is_breezy(target, web->access().repository))
    return Forge::do_statuses(target, commit, deadline);
  CDCTL_TRY_ASSIGN(const auto site, landing_site(*web, target, deadline));
  CDCTL_TRY_ASSIGN(
      const auto all,
      web->collection(asking(site.path, "getStatusReports", {{"commit_sha1", commit}}), deadline));
  return statuses_of(all);
}

Result<std::optional<LandAnswer>> LaunchpadForge::do_land(const TargetConfig& target,
                                                          const std::string& id,
                                                          const LandRequest& request,
                                                          const Deadline& deadline) {
  (void)id, (void)request, (void)deadline;
  if (!target.land_by_forge) return std::nullopt;
  return fail(ExitCode::config,
              target.name +
                  ": Launchpad merges nothing by a call that names what was tested: "
                  "leave `land_via` out");
}

/// Whoever merges by squash or rebase waits for ever for Launchpad to notice; and one that it has
/// not noticed yet would be offered again.
Result<bool> LaunchpadForge::do_clear(const TargetConfig& target, const std::string& id,
                                      const std::string& head, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const web, webs_.of(target));
  const auto found = find(*web, target, id, deadline);
  if (!found) {
    if (found.error().reason == Reason::not_there) return false;
    return fail(found.error());
  }
  if (!is_open(found->json)) return false;
  if (!found->head.empty() && found->head != head) return false;  // it goes on
  CDCTL_TRY(web->post(found->path, "setStatus", {{"status", "Merged"}}, true, deadline));
  return true;
}

}  // namespace cdctl::launchpad
