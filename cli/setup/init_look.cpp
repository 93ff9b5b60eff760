#include "cli/setup/init_look.hpp"

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/http.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// One line of git's, or nothing: whatever is wrong with it is for doctor to say.
std::string git_line(const fs::path& folder, std::vector<std::string> words) {
  Program git;
  git.argv = {"git", "-C", folder.string()};
  git.deadline = Deadline(std::chrono::seconds(5));
  git.argv.insert(git.argv.end(), words.begin(), words.end());
  const auto done = run(git);
  if (!done || !done->ok()) return {};
  return done->out.substr(0, done->out.find('\n'));
}

/// A remote as `[sources]` may name it: relative folders made absolute, a password left out.
std::string clean_remote(const std::string& remote, const fs::path& top) {
  if (remote.starts_with('.')) return (top / remote).lexically_normal().string();
  if (const auto url = parse_url(remote); url && !url->password.empty())
    return url->without_credentials();
  return remote;
}

std::string remote_branch(const fs::path& top, const std::string& remote) {
  const auto head =
      git_line(top, {"symbolic-ref", "--quiet", "--short", "refs/remotes/" + remote + "/HEAD"});
  if (head.starts_with(remote + "/")) return head.substr(remote.size() + 1);
  return git_line(top, {"symbolic-ref", "--quiet", "--short", "HEAD"});
}

void look_at_git(const fs::path& folder, FolderFacts& facts) {
  const auto top = git_line(folder, {"rev-parse", "--show-toplevel"});
  if (top.empty()) return;
  auto remote = git_line(top, {"remote"});
  if (!git_line(top, {"remote", "get-url", "origin"}).empty()) remote = "origin";
  facts.kind = "git";
  facts.url =
      remote.empty() ? top : clean_remote(git_line(top, {"remote", "get-url", remote}), top);
  facts.branch = remote.empty() ? git_line(top, {"symbolic-ref", "--quiet", "--short", "HEAD"})
                                : remote_branch(top, remote);
  facts.own_work_tree = remote.empty();
}

/// Breezy keeps where a branch came from in `.bzr/branch/branch.conf`: parent_location = URL
void look_at_bzr(const fs::path& folder, FolderFacts& facts) {
  if (const auto conf = read_file_if_there(folder / ".bzr/branch/branch.conf"); conf && *conf) {
    facts.kind = "bzr";
    facts.url = folder.string();
    for (const auto line : lines(**conf))
      if (line.starts_with("parent_location = ")) facts.url = line.substr(line.find('=') + 2);
  }
}

}  // namespace

std::vector<std::string> processes_in(const fs::path& folder) {
  std::vector<std::string> out;
  const auto text = read_file_if_there(folder / "Procfile");
  if (!text || !*text) return out;
  for (auto line : lines(**text)) {
    const bool named = line.contains(':');
    const auto type = take_until(line, ':');
    if (named && valid_word(type)) out.emplace_back(type);
  }
  return out;
}

FolderFacts look_at(const fs::path& folder) {
  FolderFacts facts;
  std::error_code error;
  look_at_git(folder, facts);
  if (facts.kind.empty()) look_at_bzr(folder, facts);
  facts.processes = processes_in(folder);
  facts.manifest = fs::is_regular_file(folder / "manifest", error) ||
                   fs::is_regular_file(folder / "production/manifest", error);
  facts.bundle = fs::is_regular_file(folder / "bundle.yaml", error);
  const auto from = facts.url.empty() ? folder.string() : facts.url;
  facts.name = service_name_from(fs::path(from).filename().string());
  return facts;
}

std::string kind_of_address(const std::string& url) {
  std::error_code error;
  if (url.starts_with("lp:") || url.starts_with("bzr:") || url.starts_with("bzr+") ||
      fs::is_directory(fs::path(url) / ".bzr", error))
    return "bzr";
  return "git";
}

std::string service_name_from(std::string_view text) {
  if (text.ends_with(".git")) text.remove_suffix(4);
  std::string out;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits =
        (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9' && !out.empty());
    if (fits)
      out += lower;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  out.resize(std::min<std::size_t>(out.size(), 38));
  while (out.ends_with('-')) out.pop_back();
  return valid_service_name(out) ? out : std::string();
}

}  // namespace cdctl::cli
