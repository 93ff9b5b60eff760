#include "plugins/git/remote_refs.hpp"

#include <algorithm>
#include <optional>

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

namespace {

/// What the files of a repository on this machine say; git is not started. Empty where only git can
/// tell.
std::optional<std::map<std::string, std::string>> local_refs(const Address& address) {
  if (address.transport != Transport::local) return {};
  const auto folder = find_git_dir(address.url);
  if (!folder) return {};
  auto refs = all_refs(folder->common);
  if (!refs) return {};
  return std::move(*refs);
}

/// git takes a pattern for the end of a name, too: a/main for main.
bool is_asked(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return glob_match(pattern, name);
         });
}

}  // namespace

Result<std::map<std::string, std::string>> remote_refs(const Address& address,
                                                       const Deadline& deadline) {
  return remote_refs(address, {}, deadline);
}

Result<std::map<std::string, std::string>> remote_refs(const Address& address,
                                                       const std::vector<std::string>& patterns,
                                                       const Deadline& deadline) {
  if (auto refs = local_refs(address)) {
    std::erase_if(*refs, [&](const auto& one) { return !is_asked(patterns, one.first); });
    return std::move(*refs);
  }
  GitCall call{{"ls-remote", "--quiet", "--", address.url}, {}, true, k_longest_list, deadline};
  call.args.insert(call.args.end(), patterns.begin(), patterns.end());
  const auto text = git_output(call);
  if (!text) return fail(text.error().in(without_user(address.url)));
  std::map<std::string, std::string> out;
  for (auto name : lines(*text)) {
    const auto id = take_until(name, '\t');
    if (is_asked(patterns, name) && !name.ends_with("^{}")) out.emplace(name, id);
  }
  return out;
}

}  // namespace cdctl::git
