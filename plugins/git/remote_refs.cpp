#include "plugins/git/remote_refs.hpp"

#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

Result<std::map<std::string, std::string>> listed_refs(const Address& address,
                                                       const std::vector<std::string>& patterns,
                                                       const Deadline& deadline) {
  if (address.transport == Transport::local)
    if (const auto folder = find_git_dir(address.url))
      if (auto refs = refs_in(folder->common, patterns)) return refs;
  return remote_refs(address, patterns, deadline);
}

Result<std::map<std::string, std::string>> remote_refs(const Address& address,
                                                       const std::vector<std::string>& patterns,
                                                       const Deadline& deadline) {
  GitCall call{{"ls-remote", "--quiet", "--", address.url}, {}, true, k_longest_list, deadline};
  call.args.insert(call.args.end(), patterns.begin(), patterns.end());
  const auto text = git_output(call);
  if (!text) return fail(text.error().in(without_user(address.url)));
  std::map<std::string, std::string> out;
  for (auto name : lines(*text)) {
    const auto id = take_until(name, '\t');
    // git takes the pattern for the end of a name, too: a/main for main.
    if (fits_one(patterns, name) && !name.ends_with("^{}")) out.emplace(name, id);
  }
  return out;
}

}  // namespace cdctl::git
