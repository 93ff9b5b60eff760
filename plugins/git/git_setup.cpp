#include "plugins/git/git_setup.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
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

/// `ssh-ed25519 AAAA…` out of a public key, or of a line that holds one.
std::string key_in(std::string_view text) {
  const auto all = words(text.substr(0, text.find('\n')));
  if (all.size() < 2) return {};
  const bool key =
      all[0].starts_with("ssh-") || all[0].starts_with("ecdsa-") || all[0].starts_with("sk-");
  return key ? fmt::format("{} {}", all[0], all[1]) : std::string();
}

/// The public key that whoever calls signs with: what git was told, or the usual file.
std::string own_key(const fs::path& folder) {
  auto told = git_line(folder, {"config", "--type=path", "user.signingkey"});
  if (told.starts_with("key::")) return key_in(std::string_view(told).substr(5));
  if (auto key = key_in(told); !key.empty()) return key;
  std::vector<fs::path> files;
  if (!told.empty()) files = {told, told + ".pub"};
  if (const char* home = std::getenv("HOME"))
    for (const auto* name : {"id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"})
      files.push_back(fs::path(home) / ".ssh" / name);
  for (const auto& file : files)
    if (const auto text = read_file(file, 1 << 16))
      if (auto key = key_in(*text); !key.empty()) return key;
  return {};
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

Result<SetupText> GitSetup::do_interview(Dialogue& dialogue, const SetupService&) {
  SetupText out;
  if (!dialogue.option("target")) return out;
  std::error_code error;
  const auto here = fs::current_path(error);
  std::string reviewers =
      "# Whose votes count, a line each: e-mail address and public key, as in ssh-keygen's allowed "
      "signers.\n";
  const auto address = git_line(here, {"config", "user.email"}), key = own_key(here);
  if (address.empty() || key.empty())
    dialogue.warn(
        "no key of yours was found: nobody's vote counts before the file of reviewers "
        "has a line; git config user.email, git config user.signingkey");
  else
    reviewers += fmt::format("{} {}\n", address, key);
  out.service = "\n[git]\nreviewers = \"reviewers\"    # whose votes count, and by which key\n";
  out.files.push_back({"reviewers", std::move(reviewers)});
  return out;
}

}  // namespace cdctl::git
