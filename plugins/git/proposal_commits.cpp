#include "plugins/git/proposal_commits.hpp"

#include <algorithm>
#include <charconv>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

/// `Alice <alice@example.com>`
Person person_of(std::string_view text) {
  const auto open = text.find('<'), close = text.rfind('>');
  if (open == text.npos || close == text.npos || close < open)
    return {std::string(trimmed(text)), {}};
  return {std::string(trimmed(text.substr(0, open))),
          std::string(trimmed(text.substr(open + 1, close - open - 1)))};
}

/// The fields of one commit. They end with a NUL, the one byte that no commit can hold.
constexpr std::size_t k_fields = 8;

CommitText commit_of(const std::vector<std::string_view>& all, std::size_t first) {
  CommitText out;
  out.id = all[first];
  for (const auto parent : split(all[first + 1], ' ')) out.parents.emplace_back(parent);
  out.people.push_back(
      {std::string(trimmed(all[first + 2])), std::string(trimmed(all[first + 3]))});
  for (const auto more : split(all[first + 4], '\x1d'))
    if (!trimmed(more).empty()) out.people.push_back(person_of(more));
  std::int64_t seconds = 0;
  const auto time = all[first + 5];
  std::from_chars(time.data(), time.data() + time.size(), seconds);
  constexpr std::int64_t k_last = 253402300799;  // of the year 9999
  out.at = Time(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, k_last)));
  out.title = all[first + 6];
  out.description = trimmed(all[first + 7]);
  return out;
}

}  // namespace

std::vector<std::string> ProposalCommits::words() {
  return {"-c",
          "i18n.logOutputEncoding=UTF-8",
          "-c",
          "log.showSignature=false",
          "-c",
          "log.mailmap=false",
          "log",
          "--topo-order",
          "--stdin",
          "--no-color",
          "--format=%H%x00%P%x00%an%x00%ae%x00%(trailers:key=Co-authored-by,valueonly,separator="
          "%x1d)%x00%ct%x00%s%x00%b%x00"};
}

Result<ProposalCommits> ProposalCommits::parse(std::string_view text) {
  ProposalCommits out;
  auto fields = split(text, '\0');
  // After the last NUL comes the line break that ends each commit.
  if (!fields.empty()) fields.pop_back();
  if (fields.size() % k_fields != 0)
    return fail(ExitCode::unknown, "git did not tell the commits of all proposals");
  for (std::size_t i = 0; i < fields.size(); i += k_fields) {
    if (fields[i].starts_with('\n')) fields[i].remove_prefix(1);
    out.all_.push_back(commit_of(fields, i));
    out.places_.emplace(out.all_.back().id, out.all_.size() - 1);
  }
  for (const auto& commit : out.all_) {
    auto& places = out.parents_.emplace_back();
    for (const auto& parent : commit.parents)
      if (const auto at = out.places_.find(parent); at != out.places_.end())
        places.push_back(at->second);
  }
  out.seen_.resize(out.all_.size());
  return out;
}

std::vector<const CommitText*> ProposalCommits::of(const std::string& head) {
  const auto first = places_.find(head);
  if (first == places_.end()) return {};
  ++question_;
  std::vector<std::size_t> found{first->second};
  seen_[first->second] = question_;
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const auto parent : parents_[found[i]])
      if (std::exchange(seen_[parent], question_) != question_) found.push_back(parent);
  std::ranges::sort(found);  // the log has none before what comes from it
  std::vector<const CommitText*> out;
  for (const auto place : found) out.push_back(&all_[place]);
  return out;
}

}  // namespace cdctl::git
