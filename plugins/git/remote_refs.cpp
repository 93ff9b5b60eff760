#include "plugins/git/remote_refs.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// The lines of an event log, which tells the version of the protocol, among what git says.
std::string take_events(std::string& said) {
  std::string events, words;
  for (const auto line : lines(said))
    (line.starts_with('{') ? events : words).append(line).append("\n");
  said = std::move(words);
  return events;
}

/// The ref of a repository on this machine that is one only by a link in its folders: git itself
/// takes it for a plain one.
bool passes_link(const fs::path& common, const std::string& ref) {
  auto at = common;
  for (const auto& part : fs::path(ref)) {
    at /= part;
    std::error_code ignored;
    if (fs::is_symlink(at, ignored)) return true;
  }
  return false;
}

}  // namespace

Result<RemoteRefs> listed_refs(const Address& address, const std::vector<std::string>& patterns,
                               const Deadline& deadline) {
  // Files that can be read have no symbolic refs and no links.
  if (address.transport == Transport::local)
    if (const auto folder = find_git_dir(address.url))
      if (auto refs = refs_in(folder->common, patterns))
        return RemoteRefs{std::move(*refs), {}, true};
  return remote_refs(address, patterns, deadline);
}

Result<RemoteRefs> remote_refs(const Address& address, const std::vector<std::string>& patterns,
                               const Deadline& deadline) {
  GitCall call{
      {"ls-remote", "--quiet", "--symref", "--", address.url}, {}, true, k_longest_list, deadline};
  call.args.insert(call.args.end(), patterns.begin(), patterns.end());
  call.env = {{"GIT_TRACE2_EVENT", "1"}};
  CDCTL_TRY_ASSIGN(auto said, run_git(call));
  const auto events = take_events(said.err);
  if (!said.ok()) return fail(explain(said).in(without_user(address.url)));
  RemoteRefs out;
  out.tells_symbolic = events.contains("\"negotiated-version\",\"value\":\"2\"") &&
                       !events.contains("\"negotiated-version\",\"value\":\"0\"") &&
                       !events.contains("\"negotiated-version\",\"value\":\"1\"");
  constexpr std::string_view k_symbolic = "ref: ";
  for (auto name : lines(said.out)) {
    const auto id = take_until(name, '\t');
    // git takes the pattern for the end of a name, too: a/main for main.
    if (!(patterns.empty() || fits_one(patterns, name)) || name.ends_with("^{}")) continue;
    if (id.starts_with(k_symbolic))
      out.symbolic.emplace(name, id.substr(k_symbolic.size()));
    else
      out.ids.emplace(name, id);
  }
  if (address.transport != Transport::local) return out;
  if (const auto folder = find_git_dir(address.url))
    for (const auto& [name, id] : out.ids)
      if (name != "HEAD" && passes_link(folder->common, name))
        out.symbolic.try_emplace(name, "what a link leads to");
  return out;
}

Result<> check_not_symbolic(const RemoteRefs& refs, const std::string& ref) {
  const auto at = refs.symbolic.find(ref);
  if (at == refs.symbolic.end()) return {};
  return fail(ExitCode::refused,
              fmt::format("{} is no ref of its own but another name of {}: what is done to it "
                          "would be done to that; remove it in the repository's own folder (git "
                          "symbolic-ref --delete)",
                          printable(ref, 120), printable(at->second, 120)));
}

Result<> check_not_symbolic(const Address& address, const std::string& ref,
                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto refs, listed_refs(address, {ref}, deadline));
  return check_not_symbolic(refs, ref);
}

Result<> check_removable(const Address& address, const RemoteRefs& refs, const Deadline& deadline) {
  for (const auto& [ref, id] : refs.ids) CDCTL_TRY(check_not_symbolic(refs, ref));
  if (refs.tells_symbolic || refs.ids.empty()) return {};
  CDCTL_TRY_ASSIGN(const auto all, remote_refs(address, {}, deadline));
  for (const auto& [ref, id] : refs.ids)
    for (const auto& [other, at] : all.ids)
      if (at == id && !refs.ids.contains(other) && other != "HEAD")
        return fail(ExitCode::refused,
                    fmt::format("{} and {} are at one commit, and the server does not tell whether "
                                "they are one ref: let it speak git's protocol 2 (AcceptEnv "
                                "GIT_PROTOCOL in its sshd_config), or remove it by hand",
                                printable(ref, 120), printable(other, 120)));
  return {};
}

}  // namespace cdctl::git
