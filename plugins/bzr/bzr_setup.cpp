#include "plugins/bzr/bzr_setup.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/revision_log.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

/// What stands beside a branch: `bzr+ssh://host/thumbs/trunk` → `bzr+ssh://host/thumbs`. Empty
/// where that cannot be told.
std::string folder_above(std::string address) {
  while (address.ends_with('/')) address.pop_back();
  const auto slash = address.rfind('/');
  if (slash == std::string::npos || address.starts_with("lp:")) return {};
  address.resize(slash);
  return address.empty() || address.ends_with('/') ? std::string() : address;
}

/// The public key that whoever calls signs reviews by.
std::string own_key() {
  std::vector<fs::path> files;
  if (const char* named = std::getenv("CDCTL_SIGNING_KEY"))
    files.emplace_back(std::string(named) + ".pub");
  if (const char* home = std::getenv("HOME"))
    for (const auto* name : {"id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"})
      files.push_back(fs::path(home) / ".ssh" / name);
  for (const auto& file : files) {
    const auto text = read_file(file, 1 << 16);
    const auto parts = text ? words(std::string_view(*text)) : std::vector<std::string_view>();
    if (parts.size() >= 2) return fmt::format("{} {}", parts[0], parts[1]);
  }
  return {};
}

std::string own_address() {
  const auto said = brz_output({{"whoami"}, Deadline(std::chrono::seconds(20))});
  return said ? parse_person(trimmed(*said)).email : std::string();
}

}  // namespace

/// Breezy keeps where a branch came from in `.bzr/branch/branch.conf`: parent_location = URL
FolderClue BzrSetup::do_look(const fs::path& folder) {
  const auto conf = read_file_if_there(folder / ".bzr/branch/branch.conf");
  if (!conf || !*conf) return {};
  SourceClue source{"bzr", folder.string(), "", false};
  for (const auto line : lines(**conf))
    if (line.starts_with("parent_location = ")) source.url = line.substr(line.find('=') + 2);
  if (!source.url.contains(':') && !source.url.starts_with('/'))  // seen from the branch
    source.url = (folder / source.url).lexically_normal().string();
  FolderClue clue;
  clue.source = std::move(source);
  return clue;
}

int BzrSetup::do_knows(const std::string& address) const {
  std::error_code error;
  return address.starts_with("lp:") || address.starts_with("bzr:") || address.starts_with("bzr+") ||
                 fs::is_directory(fs::path(address) / ".bzr", error)
             ? 2
             : 0;
}

Result<SetupText> BzrSetup::do_interview(Dialogue& dialogue, const SetupService&) {
  SetupText out;
  if (!dialogue.option("target")) return out;
  std::error_code error;
  auto trunk = dialogue.option("trunk").value_or("");
  if (const auto here = look(fs::current_path(error)); trunk.empty() && here.source)
    trunk = here.source->url;
  if (!trunk.empty() && !trunk.contains(':')) trunk = fs::absolute(trunk, error).lexically_normal();
  const auto above = folder_above(trunk);
  if (above.empty())
    dialogue.warn("write into [bzr] of the target's file where proposals and reviews are");
  const auto place = above.empty() ? std::string("bzr+ssh://HOST/PATH") : above;
  out.service = fmt::format(
      "\n[bzr]\n"
      "proposals = \"{0}/propose\"    # each branch in this folder\n"
      "reviews   = \"{0}/reviews\"    # a branch that reviews are committed to\n"
      "reviewers = \"reviewers\"    # whose votes count, and by which key\n",
      place);
  std::string reviewers =
      "# Whose votes count, a line each: e-mail address and public key, as in ssh-keygen's allowed "
      "signers.\n";
  const auto address = own_address(), key = own_key();
  if (address.empty() || key.empty())
    dialogue.warn(
        "no key of yours was found: nobody's vote counts before the file of reviewers has a line; "
        "brz whoami, and CDCTL_SIGNING_KEY or ~/.ssh/id_ed25519");
  else
    reviewers += fmt::format("{} {}\n", address, key);
  out.files.push_back({"reviewers", std::move(reviewers)});
  return out;
}

}  // namespace cdctl::bzr
