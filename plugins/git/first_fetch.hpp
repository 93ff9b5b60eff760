#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/http.hpp>

#include "plugins/git/refs.hpp"

namespace cdctl::git {

/// All of a repository: its branches and tags, and one pack with what they reach.
struct WholeRepository {
  std::vector<Ref> refs;
  std::string head;  ///< `refs/heads/main`, where its HEAD points; empty when that is not told
  std::string pack;
};

/// What to fetch. `refs` as they were listed a moment ago; empty = to be asked for.
struct FirstFetch {
  std::string url;
  std::vector<Ref> refs;
};

/// The first fetch of each repository over http, in two rounds of requests (protocol version 2) and
/// without a process. In the order asked; empty where the git program has to be used: a server that
/// wants credentials, redirects or speaks another version, a repository that is large (over 16
/// MiB), has very many refs, none, or ids of SHA-256.
[[nodiscard]] std::vector<std::optional<WholeRepository>> fetch_whole(
    Http& http, std::vector<FirstFetch> fetches, const Deadline& deadline);

}  // namespace cdctl::git
