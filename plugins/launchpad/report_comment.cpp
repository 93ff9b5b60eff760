#include "plugins/launchpad/report_comment.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::launchpad {

namespace {

constexpr std::size_t k_longest = 20'000;

}  // namespace

std::string report_title(const TargetConfig& target) {
  return fmt::format("cdctl: landing on {}", target.name);
}

std::string report_text(const ProposalReport& report) {
  using enum ProposalReport::State;
  const std::string_view word = report.state == landed     ? "Landed"
                                : report.state == rejected ? "Rejected"
                                                           : "Pending";
  auto out = fmt::format("{}{}{}, at {}", word, report.commit.empty() ? "" : " as ", report.commit,
                         report.head);
  std::string rest(trimmed(report.summary));
  if (!trimmed(report.text).empty()) rest += fmt::format("\n\n{}", trimmed(report.text));
  std::erase_if(
      rest, [](char c) { return c != '\n' && c != '\t' && static_cast<unsigned char>(c) < 0x20; });
  if (rest.size() > k_longest) {
    const auto line = rest.find('\n', rest.size() - k_longest);
    rest = "…\n" + rest.substr(line == rest.npos ? rest.size() - k_longest : line + 1);
  }
  return rest.empty() ? out : fmt::format("{}\n\n{}", out, rest);
}

Result<bool> upsert_report(WebService& web, const std::string& proposal,
                           const std::string& comments, const TargetConfig& target,
                           const ProposalReport& report, bool may_begin, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto me, web.me(deadline));
  CDCTL_TRY_ASSIGN(const auto all, web.collection(comments, deadline));
  const auto title = report_title(target), text = report_text(report);
  const auto own = std::ranges::find_if(all, [&](const Json& comment) {
    return comment["title"].view() == title && name_in(comment["author_link"].view()) == me;
  });
  if (own == all.end()) {
    if (!may_begin) return false;
    CDCTL_TRY(web.post(proposal, "createComment", {{"subject", title}, {"content", text}}, false,
                       deadline));
    return true;
  }
  if (trimmed((*own)["content"].view()) == trimmed(text)) return false;
  CDCTL_TRY_ASSIGN(const auto path, web.path_of((*own)["self_link"]));
  CDCTL_TRY(web.post(path, "editContent", {{"new_content", text}}, true, deadline));
  return true;
}

}  // namespace cdctl::launchpad
