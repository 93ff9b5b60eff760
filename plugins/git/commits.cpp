#include "plugins/git/commits.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_most_output = 8 << 20;
constexpr std::size_t k_longest_subject = 200, k_longest_name = 80;

/// The fields of a commit end with a NUL, the one byte that no commit can hold. The first is the
/// side of a range that it is on.
constexpr const char* k_format = "--format=%m%x00%H%x00%an%x00%ae%x00%ct%x00%s%x00";
constexpr std::size_t k_fields = 6;

GitCall call_of(const CommitStore& store, std::vector<std::string> words,
                const Deadline& deadline) {
  std::vector<std::string> args;
  if (store.ours) args.push_back("--git-dir=" + store.folder.string());
  args.insert(args.end(), {"-c", "i18n.logOutputEncoding=UTF-8", "-c", "log.showSignature=false",
                           "-c", "log.mailmap=false"});
  args.insert(args.end(), std::make_move_iterator(words.begin()),
              std::make_move_iterator(words.end()));
  GitCall out{std::move(args), store.ours ? std::filesystem::path() : store.folder, true,
              k_most_output, deadline};
  out.env["GIT_NO_LAZY_FETCH"] = "1";  // of a partial clone: nobody is asked behind our back
  return out;
}

Commit commit_of(std::span<const std::string_view> fields) {
  Commit out;
  out.revision = fields[1];
  out.author =
      printable(trimmed(trimmed(fields[2]).empty() ? fields[3] : fields[2]), k_longest_name);
  std::int64_t seconds = 0;
  std::from_chars(fields[4].data(), fields[4].data() + fields[4].size(), seconds);
  constexpr std::int64_t k_last = 253402300799;  // of the year 9999
  out.at = Time(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, k_last)));
  out.subject = printable(trimmed(fields[5]), k_longest_subject);
  return out;
}

/// Each commit with the side that it is on.
Result<std::vector<std::pair<char, Commit>>> parse(std::string_view text) {
  auto fields = split(text, '\0');
  if (!fields.empty()) fields.pop_back();  // after the last NUL comes a line break
  if (fields.size() % k_fields != 0) return fail(ExitCode::unknown, "git did not tell all commits");
  std::vector<std::pair<char, Commit>> out;
  for (std::size_t i = 0; i < fields.size(); i += k_fields) {
    if (fields[i].starts_with('\n')) fields[i].remove_prefix(1);
    const auto side = fields[i].empty() ? '>' : fields[i].front();
    out.emplace_back(side, commit_of(std::span(fields).subspan(i, k_fields)));
  }
  return out;
}

std::string lines_of(std::span<const std::string> ids) {
  std::string out;
  for (const auto& id : ids) out += id + '\n';
  return out;
}

/// `3\t12`: how many are on each side.
std::int64_t both(std::string_view text) {
  std::int64_t out = 0;
  for (const auto word : words(text.substr(0, std::min(text.find('\n'), text.size())))) {
    std::int64_t one = 0;
    std::from_chars(word.data(), word.data() + word.size(), one);
    out += one;
  }
  return out;
}

}  // namespace

std::map<std::string, Commit> read_commits(const CommitStore& store,
                                           std::span<const std::string> ids,
                                           const Deadline& deadline) {
  std::map<std::string, Commit> out;
  if (ids.empty()) return out;
  auto call = call_of(
      store, {"log", "--ignore-missing", "--no-walk=unsorted", "--stdin", "--no-color", k_format},
      deadline);
  call.input = lines_of(ids);
  const auto text = git_output(call);
  if (!text) return out;
  const auto parsed = parse(*text);
  if (!parsed) return out;
  for (const auto& [side, commit] : *parsed) out.emplace(commit.revision, commit);
  return out;
}

Result<CommitRange> read_range(const CommitStore& store, const std::string& from,
                               const std::string& to, std::size_t most, const Deadline& deadline) {
  const auto range = fmt::format("{}...{}", from, to);
  CDCTL_TRY_ASSIGN(
      const auto text,
      git_output(call_of(store,
                         {"log", "--left-right", "--no-color", k_format,
                          fmt::format("--max-count={}", most), "--end-of-options", range, "--"},
                         deadline)));
  CDCTL_TRY_ASSIGN(auto commits, parse(text));
  CommitRange out;
  const auto listed = static_cast<std::int64_t>(commits.size());
  for (auto& [side, commit] : commits)
    (side == '<' ? out.removed : out.added).push_back(std::move(commit));
  if (commits.size() < most) return out;
  CDCTL_TRY_ASSIGN(
      const auto count,
      git_output(call_of(store,
                         {"rev-list", "--count", "--left-right", "--end-of-options", range, "--"},
                         deadline)));
  out.left_out = std::max<std::int64_t>(both(count) - listed, 0);
  return out;
}

Result<std::vector<std::string>> missing_commits(const CommitStore& store,
                                                 std::span<const std::string> ids,
                                                 const Deadline& deadline) {
  auto call = call_of(store, {"cat-file", "--batch-check=%(objectname) %(objecttype)"}, deadline);
  call.input = lines_of(ids);
  CDCTL_TRY_ASSIGN(const auto text, git_output(call));
  std::vector<std::string> out;
  for (const auto& id : ids)
    if (!text.contains(id + " commit")) out.push_back(id);
  return out;
}

}  // namespace cdctl::git
