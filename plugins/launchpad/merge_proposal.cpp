#include "plugins/launchpad/merge_proposal.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "plugins/forges/head_at.hpp"
#include "plugins/launchpad/web_service.hpp"

namespace cdctl::launchpad {

namespace {

/// What a vote for it was about. Whoever set the whole to Approved has named a revision.
std::string approved_head(const Spoken& spoken, std::string_view who, std::optional<Time> at) {
  const auto& revision = spoken.json["reviewed_revid"];
  const auto reviewed = parse_rfc3339(spoken.json["date_reviewed"].view());
  if (!revision.view().empty() && at && reviewed && *at <= *reviewed &&
      name_in(spoken.json["reviewer_link"].view()) == who)
    return revision.as_string();
  return forges::head_at(spoken.diffs, "date_created", "source_revision_id", at);
}

/// Whether a text says `#12`, and not `#123`.
bool names_bug(std::string_view text, std::int64_t number) {
  const auto name = fmt::format("#{}", number);
  for (auto at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const auto rest = text.substr(at + name.size());
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') return true;
  }
  return false;
}

}  // namespace

Place place_of(const Json& proposal, std::string_view which) {
  const auto text = [&](std::string_view what) {
    return proposal[fmt::format("{}_{}", which, what)].as_string();
  };
  if (auto branch = text("branch_link"); !branch.empty()) return {std::move(branch), {}};
  return {text("git_repository_link"), text("git_path")};
}

std::string number_of(const Json& proposal) {
  const auto link = proposal["self_link"].view();
  constexpr std::string_view k_mark = "/+merge/";
  const auto at = link.rfind(k_mark);
  if (at == link.npos) return {};
  const auto number = link.substr(at + k_mark.size());
  const bool good = !number.empty() && number.find_first_not_of("0123456789") == number.npos;
  return good ? std::string(number) : std::string();
}

/// "Queued" and "Code failed to merge" are of before, and what is new next year is not known.
bool is_open(const Json& proposal) {
  constexpr std::array<std::string_view, 3> k_final{"Rejected", "Merged", "Superseded"};
  return std::ranges::find(k_final, proposal["queue_status"].view()) == k_final.end();
}

bool is_approved(const Json& proposal, std::string_view head) {
  const auto revision = proposal["reviewed_revid"].view();
  return proposal["queue_status"].view() == "Approved" && (revision.empty() || revision == head);
}

std::vector<Vote> votes_of(const Spoken& spoken,
                           const std::function<std::string(const std::string&)>& why_not) {
  std::vector<Vote> out;
  for (const auto& reference : spoken.votes) {
    Vote vote;
    vote.who = name_in(reference["reviewer_link"].view());
    vote.head = spoken.head;
    if (reference["is_pending"].as_bool(true)) {
      vote.value = "Pending";
      vote.trusted = true;
      out.push_back(std::move(vote));
      continue;
    }
    const auto* comment = comment_of(spoken, reference["comment_link"].view());
    vote.value = comment ? (*comment)["vote"].as_string() : "Pending";
    if (vote.value.empty()) continue;
    if (comment) vote.at = parse_rfc3339((*comment)["date_created"].view());
    if (vote.value == "Approve") vote.head = approved_head(spoken, vote.who, vote.at);
    if (vote.who.empty())
      vote.why = "its account is gone";
    else if (!comment)
      vote.why = "Launchpad does not tell what was said";
    else if (name_in((*comment)["author_link"].view()) != vote.who)
      vote.why = "somebody else has said it";
    else if (std::ranges::find(spoken.authors, vote.who) != spoken.authors.end())
      vote.why = "an author's own";
    else
      vote.why = why_not(vote.who);
    if (vote.why.empty() && vote.head.empty()) vote.why = "Launchpad does not tell what it is of";
    vote.trusted = vote.why.empty();
    out.push_back(std::move(vote));
  }
  return out;
}

const Json* comment_of(const Spoken& spoken, std::string_view link) {
  const auto at = std::ranges::find(
      spoken.comments, link, [](const Json& comment) { return comment["self_link"].view(); });
  return at == spoken.comments.end() ? nullptr : &*at;
}

Words words_of(const Spoken& spoken, std::string_view branch) {
  auto text = spoken.json["commit_message"].as_string();
  if (trimmed(text).empty()) text = spoken.json["description"].as_string();
  std::erase(text, '\r');
  std::string_view rest = trimmed(text);
  Words out;
  out.title = trimmed(take_until(rest, '\n'));
  if (out.title.empty()) out.title = branch;
  out.description = trimmed(rest);
  std::vector<std::string> bugs;
  for (const auto& bug : spoken.bugs)
    if (bug["id"].is_int() && !names_bug(text, bug["id"].as_int()))
      bugs.push_back(fmt::format("LP: #{}", bug["id"].as_int()));
  if (!bugs.empty())
    out.description +=
        fmt::format("{}{}", out.description.empty() ? "" : "\n\n", joined(bugs, "\n"));
  return out;
}

}  // namespace cdctl::launchpad
