#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

/// The refs of a repository by name, as they are now.
struct RemoteRefs {
  std::map<std::string, std::string> ids;
  /// Those that stand for another ref, and for which: what is pushed to one, a deletion included,
  /// is done to the other.
  std::map<std::string, std::string> symbolic;
  /// The server says which are symbolic. Protocol 0, which stock sshd leaves us with, does not.
  bool tells_symbolic = true;
};

/// Those that fit one of these patterns: of a repository on this machine from its files, where
/// those say all of it, otherwise by `git ls-remote`. There may be any number of others. Exit code
/// `unknown`.
[[nodiscard]] Result<RemoteRefs> listed_refs(const Address& address,
                                             const std::vector<std::string>& patterns,
                                             const Deadline& deadline);
/// The same by `git ls-remote` alone; without patterns, all.
[[nodiscard]] Result<RemoteRefs> remote_refs(const Address& address,
                                             const std::vector<std::string>& patterns,
                                             const Deadline& deadline);

/// That a ref is no other's second name, as far as was listed. Exit code `refused`.
[[nodiscard]] Result<> check_not_symbolic(const RemoteRefs& refs, const std::string& ref);
/// The same for one ref, asked now.
[[nodiscard]] Result<> check_not_symbolic(const Address& address, const std::string& ref,
                                          const Deadline& deadline);
/// That to remove these, listed as `refs`, removes nothing else: where the server does not tell
/// which are symbolic, no branch or tag but they may be at the same object.
[[nodiscard]] Result<> check_removable(const Address& address, const RemoteRefs& refs,
                                       const Deadline& deadline);

}  // namespace cdctl::git
