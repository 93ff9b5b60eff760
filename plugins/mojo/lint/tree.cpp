#include "plugins/mojo/lint/tree.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> k_not_ours{".git", ".bzr", ".svn", ".hg"};
constexpr std::ptrdiff_t k_deepest = 64;

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + '/' + name;
}

}  // namespace

Result<> may_go_on(const Deadline& deadline) {
  if (const int signal = Stop::signal())
    return fail(static_cast<ExitCode>(128 + signal), "lint was asked to stop");
  if (deadline.passed()) return fail(ExitCode::timeout, "lint did not end before its deadline");
  return {};
}

std::string TreeEntry::folder() const {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Result<SpecTree> SpecTree::read(const fs::path& spec, const Deadline& deadline) {
  SpecTree tree;
  std::error_code error;
  tree.spec_ = fs::canonical(spec, error);
  if (error || !fs::is_directory(tree.spec_, error)) {
    return fail(ExitCode::config, fmt::format("look at the spec {}: {}", spec.string(),
                                              error ? error.message() : "it is no folder"));
  }
  CDCTL_TRY(tree.walk("", deadline));
  std::ranges::sort(tree.entries_, {}, &TreeEntry::path);
  for (std::size_t i = 0; i < tree.entries_.size(); ++i)
    tree.by_name_[std::string(tree.entries_[i].name())].push_back(i);
  return tree;
}

Result<> SpecTree::walk(const std::string& folder, const Deadline& deadline) {
  CDCTL_TRY(may_go_on(deadline));
  std::error_code error;
  const auto begin = entries_.size();
  for (fs::directory_iterator at(spec_ / folder, error), end; !error && at != end;
       at.increment(error))
    add(*at, folder);
  if (error)
    return fail(ExitCode::config, fmt::format("look at the spec's folder {}: {}",
                                              (spec_ / folder).string(), error.message()));
  if (entries_.size() > k_most_entries || std::ranges::count(folder, '/') > k_deepest) {
    return fail(ExitCode::config,
                fmt::format("the spec {} holds more than {} entries, or folders more than {} deep",
                            spec_.string(), k_most_entries, k_deepest));
  }
  for (auto i = begin, stop = entries_.size(); i < stop; ++i) {
    if (entries_[i].kind == TreeEntry::Kind::folder)
      CDCTL_TRY(walk(std::string(entries_[i].path), deadline));
  }
  return {};
}

void SpecTree::add(const fs::directory_entry& found, const std::string& folder) {
  const auto name = found.path().filename().string();
  if (std::ranges::find(k_not_ours, name) != k_not_ours.end()) return;
  std::error_code error;
  TreeEntry entry;
  entry.path = below(folder, name);
  const auto type = found.symlink_status(error).type();
  if (type == fs::file_type::regular) entry.kind = TreeEntry::Kind::file;
  if (type == fs::file_type::directory) entry.kind = TreeEntry::Kind::folder;
  if (type == fs::file_type::symlink) {
    entry.kind = TreeEntry::Kind::link;
    entry.link = fs::read_symlink(found.path(), error).string();
    entry.target = real(found.path());
    const auto status = found.status(error);
    entry.dead = !fs::exists(status);
    entry.to_file = !entry.target.empty() && fs::is_regular_file(status);
  }
  if (entry.kind == TreeEntry::Kind::file) entry.to_file = true;
  entries_.push_back(std::move(entry));
}

std::string SpecTree::real(const fs::path& path) const {
  std::error_code error;
  const auto real = fs::canonical(path, error).string();
  const auto& top = spec_.native();
  if (error || !real.starts_with(top)) return {};
  if (real.size() == top.size()) return ".";
  if (top.ends_with('/')) return real.substr(top.size());
  return real[top.size()] == '/' ? real.substr(top.size() + 1) : "";
}

const std::vector<std::size_t>& SpecTree::named(std::string_view name) const {
  static const std::vector<std::size_t> none;
  const auto at = by_name_.find(std::string(name));
  return at == by_name_.end() ? none : at->second;
}

const TreeEntry* SpecTree::find(std::string_view path) const {
  const auto at = std::ranges::lower_bound(
      entries_, path, {}, [](const TreeEntry& entry) { return std::string_view(entry.path); });
  return at != entries_.end() && at->path == path ? &*at : nullptr;
}

std::vector<std::string> SpecTree::folders_with(std::string_view top, std::string_view name) const {
  std::vector<std::string> folders;
  // The first part must be an entry of the folder; the rest can lie behind a link.
  for (const auto i : named(name.substr(0, name.find('/')))) {
    const auto folder = entries_[i].folder();
    std::error_code error;
    const bool below = top.empty() ? !folder.empty()
                                   : folder.starts_with(top) && folder.size() > top.size() &&
                                         folder[top.size()] == '/';
    if (below && fs::is_regular_file(spec_ / folder / name, error)) folders.push_back(folder);
  }
  return folders;
}

}  // namespace cdctl::mojo
