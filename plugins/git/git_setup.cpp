#include "plugins/git/git_setup.hpp"

#include <cdctl/child.hpp>
#include <cdctl/url.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

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

/// A remote as `[sources]` may name it: relative folders made absolute, a password, or what may be
/// a token, left out.
std::string clean_remote(const std::string& remote, const fs::path& top) {
  if (remote.starts_with('.')) return (top / remote).lexically_normal().string();
  if (const auto url = parse_url(remote); url && !url->password.empty())
    return url->without_credentials();
  return without_user(remote);
}

std::string remote_branch(const fs::path& top, const std::string& remote) {
  const auto head =
      git_line(top, {"symbolic-ref", "--quiet", "--short", "refs/remotes/" + remote + "/HEAD"});
  if (head.starts_with(remote + "/")) return head.substr(remote.size() + 1);
  return git_line(top, {"symbolic-ref", "--quiet", "--short", "HEAD"});
}

}  // namespace

FolderClue GitSetup::do_look(const fs::path& folder) {
  const auto top = git_line(folder, {"rev-parse", "--show-toplevel"});
  if (top.empty()) return {};
  auto remote = git_line(top, {"remote"});
  if (!git_line(top, {"remote", "get-url", "origin"}).empty()) remote = "origin";
  SourceClue source{"git", top, "", remote.empty()};
  if (!remote.empty()) source.url = clean_remote(git_line(top, {"remote", "get-url", remote}), top);
  source.branch = remote.empty() ? git_line(top, {"symbolic-ref", "--quiet", "--short", "HEAD"})
                                 : remote_branch(top, remote);
  FolderClue clue;
  clue.source = std::move(source);
  return clue;
}

int GitSetup::do_knows(const std::string&) const { return 1; }  // git takes any address

}  // namespace cdctl::git
