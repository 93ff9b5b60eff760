#include "plugins/mojo/collect/lock.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::mojo {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

bool repository(CollectKind kind) { return kind == CollectKind::git || kind == CollectKind::bzr; }

void drop(Options& options, std::initializer_list<std::string_view> keys) {
  std::erase_if(options, [&](const auto& option) {
    return std::ranges::find(keys, option.first) != keys.end();
  });
}

/// The revno that names the revision for good; empty when none can be written.
std::string fixed_revno(const CollectItem& item) {
  if (item.line.kind == CollectKind::git) return item.revision;
  if (!item.revision.empty() && item.revision.find_first_of(",;= \t") == std::string::npos)
    return "revid:" + item.revision;
  return item.number ? fmt::format("{}", *item.number) : std::string();
}

/// The options that a line of the collect file must have for this line of a lock, sorted.
Options answered(const CollectLine& locked, const CollectLine& wanted) {
  auto options = locked.options;
  if (locked.asked) {
    drop(options, {"revno", "asked"});
    const auto colon = locked.asked->find(':');
    options.emplace_back(locked.asked->substr(0, colon), locked.asked->substr(colon + 1));
  } else if (repository(locked.kind) && !wanted.revno) {
    drop(options, {"revno"});
  }
  if (!wanted.sha256) drop(options, {"sha256"});
  std::ranges::sort(options);
  return options;
}

/// Why a line of the lock does not answer that of the collect file; empty when it does.
std::string_view mismatch(const CollectLine& wanted, const CollectLine* locked) {
  if (!locked) return "is not in it";
  if (locked->source != wanted.source) return "has another source";
  auto options = wanted.options;
  std::ranges::sort(options);
  if (answered(*locked, wanted) != options) return "has other options";
  if (repository(locked->kind) ? !locked->revno
                               : locked->kind == CollectKind::http && !locked->sha256)
    return "has no fixed revision";
  return {};
}

CollectLine at_revision_of(CollectLine line, const CollectLine& locked) {
  if (locked.revno) {
    line.asked = line.branch                                ? "branch:" + *line.branch
                 : line.revno && line.revno != locked.revno ? std::optional("revno:" + *line.revno)
                                                            : std::nullopt;
    line.revno = locked.revno;
    line.branch.reset();
    line.options = locked.options;
  }
  if (locked.sha256) line.sha256 = locked.sha256;
  return line;
}

}  // namespace

CollectLine lock_line(const CollectItem& item) {
  auto line = item.line;
  if (line.kind == CollectKind::http) {
    drop(line.options, {"sha256"});
    line.options.emplace_back("sha256", item.revision);
  }
  const auto revno = repository(line.kind) ? fixed_revno(item) : std::string();
  if (revno.empty()) return line;
  auto asked = line.asked;
  if (line.branch) asked = "branch:" + *line.branch;
  if (!asked && line.revno && *line.revno != revno) asked = "revno:" + *line.revno;
  drop(line.options, {"revno", "branch", "asked"});
  line.options.emplace(line.options.begin(), "revno", revno);
  if (asked) line.options.emplace_back("asked", *asked);
  return line;
}

Result<std::vector<CollectLine>> take_lock(const std::vector<CollectLine>& lines,
                                           const std::vector<CollectLine>& locked) {
  constexpr std::size_t k_shown = 5;
  std::unordered_map<std::string_view, const CollectLine*> by_destination;
  for (const auto& line : locked) by_destination.emplace(line.destination, &line);
  std::vector<CollectLine> out;
  std::vector<std::string> wrong;
  for (const auto& line : lines) {
    const auto at = by_destination.find(line.destination);
    const auto* match = at == by_destination.end() ? nullptr : at->second;
    if (const auto why = mismatch(line, match); !why.empty())
      wrong.push_back(fmt::format("{} (line {}) {}", line.destination, line.line, why));
    else
      out.push_back(at_revision_of(line, *match));
    if (match) by_destination.erase(at);
  }
  for (const auto& line : locked) {
    if (by_destination.contains(line.destination))
      wrong.push_back(fmt::format("{} is only in it (its line {})", line.destination, line.line));
  }
  if (wrong.empty()) return out;
  const auto more =
      wrong.size() > k_shown ? fmt::format("; and {} more", wrong.size() - k_shown) : std::string();
  wrong.resize(std::min(wrong.size(), k_shown));
  return fail(ExitCode::config,
              fmt::format("the lock is out of date: {}{}; run collect without --locked",
                          fmt::join(wrong, "; "), more));
}

Result<> write_lock(const std::filesystem::path& file, const std::vector<CollectItem>& items,
                    Time when) {
  std::vector<CollectLine> lines;
  for (const auto& item : items) lines.push_back(lock_line(item));
  CDCTL_TRY(make_directories(file.parent_path()));
  return write_file_atomically(
      file,
      fmt::format(
          "# What was collected on {}, each line at the revision that it had.\n"
          "# Beside its collect file, as NAME.lock, it is what `collect locked=True` repeats.\n",
          to_rfc3339(when)) +
          print_collect_file(lines));
}

}  // namespace cdctl::mojo
