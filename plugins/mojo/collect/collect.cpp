#include "plugins/mojo/collect/collect.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/collect/fetch.hpp"
#include "plugins/mojo/spec/copy_tree.hpp"
#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

// A lock is a collect file that says the same with fixed revisions: `revno` is a whole commit id,
// `revid:ID` of a bzr branch, or its number where the id cannot be written as an option; `sha256`
// is that of a file. An option `asked` keeps what the collect file itself said (`branch:NAME`,
// `revno:NAME`), so that a lock notices when that changes.

using OptionList = std::vector<std::pair<std::string, std::string>>;

bool repository(CollectKind kind) { return kind == CollectKind::git || kind == CollectKind::bzr; }

void drop(OptionList& options, std::initializer_list<std::string_view> keys) {
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
OptionList answered(const CollectLine& locked, const CollectLine& wanted) {
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

/// The line at the revision that was collected.
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

/// `lines` with the revisions of the lock. Exit code `config` when it is out of date: a line is
/// missing, is one too many, or has another source or other options.
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

/// Writes the lock of all items; the file is the old or the new one, never half.
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

std::string_view plain(std::string_view url) {
  if (url.starts_with("file://")) url.remove_prefix(7);
  while (url.size() > 1 && url.ends_with('/')) url.remove_suffix(1);
  return url;
}

std::ptrdiff_t depth(const CollectItem& item) {
  return std::ranges::count(item.line.destination, '/');
}

Result<> link_to(const fs::path& target, const fs::path& into) {
  std::error_code error;
  fs::create_symlink(target, into, error);
  if (error)
    return fail(
        fmt::format("linking {} to {}: {}", into.string(), target.string(), error.message()));
  return {};
}

/// What failed, as one error: the first five by name, the rest counted.
Result<> verdict(const std::vector<CollectItem>& items) {
  constexpr std::size_t k_shown = 5;
  constexpr std::array k_worst{ExitCode::interrupted, ExitCode::failed, ExitCode::unknown,
                               ExitCode::timeout, ExitCode::refused};
  std::vector<std::string> shown;
  std::size_t count = 0;
  auto exit = ExitCode::config;
  for (const auto& item : items) {
    if (!item.error) continue;
    if (++count <= k_shown)
      shown.push_back(
          fmt::format("{} (line {}): {}", item.line.destination, item.line.line, item.error->what));
    if (std::ranges::find(k_worst, item.error->exit) < std::ranges::find(k_worst, exit))
      exit = item.error->exit;
  }
  if (count == 0) return {};
  if (count == 1) return fail(exit, "collecting " + shown[0]);
  return fail(exit,
              fmt::format("collecting failed for {} of {} lines: {}{}", count, items.size(),
                          fmt::join(shown, "; "),
                          count > k_shown ? fmt::format("; and {} more", count - k_shown) : ""));
}

/// Marks the children of what failed.
void skip_orphans(std::span<CollectItem> level,
                  const std::unordered_map<std::string_view, const CollectItem*>& by_destination) {
  for (auto& item : level) {
    const auto slash = item.line.destination.rfind('/');
    if (slash == std::string::npos) continue;
    const auto parent =
        by_destination.find(std::string_view(item.line.destination).substr(0, slash));
    item.skipped =
        parent != by_destination.end() && (parent->second->error || parent->second->skipped);
  }
}

}  // namespace

Result<std::vector<Collected>> Collector::collect(const std::vector<CollectLine>& lines,
                                                  const CollectOptions& options,
                                                  const Deadline& deadline) {
  auto wanted = lines;
  if (options.locked) {
    CDCTL_TRY_ASSIGN(wanted, take_lock(lines, *options.locked));
  }
  auto items = items_of(lines, std::move(wanted));
  tell(items, "asking for their revisions");
  for (const auto kind : {CollectKind::git, CollectKind::bzr})
    find_revisions(host_, service_, to_fetch(items, kind), deadline);

  std::unordered_map<std::string_view, const CollectItem*> by_destination;
  for (const auto& item : items) by_destination.emplace(item.line.destination, &item);
  for (auto begin = items.begin(); begin != items.end();) {
    const auto end = std::find_if(
        begin, items.end(), [&](const CollectItem& item) { return depth(item) != depth(*begin); });
    const std::span level(begin, end);
    skip_orphans(level, by_destination);
    collect_level(items, level, deadline);
    begin = end;
  }
  CDCTL_TRY(verdict(items));
  note_unpinned(items);
  if (!options.lock_out.empty()) CDCTL_TRY(write_lock(options.lock_out, items, now()));
  std::vector<Collected> out;
  for (auto& item : items)
    out.push_back({item.line.destination, std::string(to_text(item.line.kind)), item.line.location,
                   item.revision});
  return out;
}

std::vector<CollectItem> Collector::items_of(const std::vector<CollectLine>& written,
                                             std::vector<CollectLine> wanted) const {
  std::vector<CollectItem> out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto into = workspace_.build / wanted[i].destination;
    CollectItem item{std::move(wanted[i]), std::move(into)};
    item.source = source_at(written[i]);
    if (item.source) item.revision = item.source->revision;
    out.push_back(std::move(item));
  }
  return out;
}

const Fetched* Collector::source_at(const CollectLine& line) const {
  if (line.revno) return nullptr;
  for (const auto& [name, source] : sources_) {
    if (source.config.kind != to_text(line.kind) ||
        plain(source.config.url) != plain(line.location))
      continue;
    if (!line.branch || *line.branch == source.config.options["branch"].as_string()) return &source;
  }
  return nullptr;
}

void Collector::tell(const std::vector<CollectItem>& items, std::string_view what) const {
  const auto there = std::ranges::count_if(items, &CollectItem::there);
  host_.progress(
      there == 0 ? fmt::format("collecting {} destinations: {}", items.size(), what)
                 : fmt::format("collecting, {} of {} are there: {}", there, items.size(), what));
}

void Collector::collect_level(const std::vector<CollectItem>& items, std::span<CollectItem> level,
                              const Deadline& deadline) const {
  for (auto& item : level) {
    if (item.error || item.skipped) continue;
    if (auto ready = prepare(item); !ready) item.error = std::move(ready.error());
  }
  const auto show = [&](CollectKind kind) {
    const auto fetched = to_fetch(level, kind);
    if (fetched.empty()) return;
    const auto some = fetched.size() == 1 ? fetched.front()->line.destination
                                          : fmt::format("{} at once", fetched.size());
    tell(items, fmt::format("fetching {} by {}", some, to_text(kind)));
  };
  for (const auto kind : {CollectKind::git, CollectKind::bzr}) {
    show(kind);
    check_out(host_, service_, to_fetch(level, kind), deadline);
  }
  show(CollectKind::http);
  download(host_, to_fetch(level, CollectKind::http), deadline);
  for (auto& item : level) {
    if (item.error || item.skipped) continue;
    if (auto placed = place(item, deadline); !placed) item.error = std::move(placed.error());
    item.there = !item.error;
  }
}

Result<> Collector::prepare(const CollectItem& item) const {
  if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
  const auto parent = item.into.parent_path();
  std::error_code error;
  // The folder of a charm that was left out; its own parent was looked at a level before.
  if (!fs::exists(fs::symlink_status(parent, error))) CDCTL_TRY(make_directories(parent));
  // An earlier line can have put a link or a file where this one goes through.
  if (!inside(parent, workspace_.root))
    return fail(fmt::format("{} leads out of the workspace", item.line.destination));
  return remove_tree(item.into);
}

Result<> Collector::place(const CollectItem& item, const Deadline& deadline) const {
  if (item.source)
    return link_to(item.source->path.lexically_relative(item.into.parent_path()), item.into);
  switch (item.line.kind) {
    case CollectKind::empty_folder:
      return make_directories(item.into);
    case CollectKind::local:
      return local(item, deadline);
    case CollectKind::git:
    case CollectKind::bzr:
    case CollectKind::http:
    case CollectKind::charm:
      return {};
  }
  std::unreachable();
}

Result<> Collector::local(const CollectItem& item, const Deadline& deadline) const {
  const fs::path named(item.line.location);
  const auto from = named.is_absolute() ? named : workspace_.spec / named;
  std::error_code error;
  if (!fs::exists(from, error)) return fail(fmt::format("{} does not exist", from.string()));
  if (named.is_relative() && !inside(from, workspace_.spec))
    return fail(fmt::format("{} is a link that leads out of the spec", named.string()));
  if (inside(workspace_.build, from))
    return fail(fmt::format("{} holds the build folder itself", from.string()));
  if (item.line.method == "link") return link_to(from, item.into);
  return copy_tree(from, item.into, item.line.method == "hardlink", deadline);
}

void Collector::note_unpinned(const std::vector<CollectItem>& items) const {
  static constexpr std::size_t k_shown = 3;
  std::vector<std::string> moving, charms;
  for (const auto& item : items) {
    const bool repository =
        item.line.kind == CollectKind::git || item.line.kind == CollectKind::bzr;
    if (repository && !item.source && !item.line.revno)
      moving.push_back(
          fmt::format("{} at {}", item.line.destination, printable(item.revision.substr(0, 12))));
    if (item.line.kind == CollectKind::charm) charms.push_back(item.line.destination);
  }
  const auto some = [](std::vector<std::string>& names) {
    const auto count = names.size();
    names.resize(std::min(count, k_shown));
    return fmt::format("{}{}", fmt::join(names, ", "),
                       count > k_shown ? fmt::format(" and {} more", count - k_shown) : "");
  };
  if (!moving.empty()) {
    const auto* const verb = moving.size() == 1 ? "which is no source" : "which are no sources";
    host_.log(Level::note,
              fmt::format("collected {}, {} of {}: a new commit there does not ship by itself",
                          some(moving), verb, service_));
  }
  if (!charms.empty())
    host_.log(Level::note,
              fmt::format("left out {}: an engine of charms fetches them itself", some(charms)));
}

}  // namespace cdctl::mojo
