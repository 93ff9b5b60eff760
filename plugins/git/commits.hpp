#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <cdctl/roles/commit_log.hpp>
#include <cdctl/time.hpp>

namespace cdctl::git {

/// A repository of this machine that commits are read from.
struct CommitStore {
  std::filesystem::path folder;
  bool ours = false;  ///< a bare copy that we made; else somebody's, bare or with a work tree
};

/// Those of the commits that it has, by id.
[[nodiscard]] std::map<std::string, Commit> read_commits(const CommitStore& store,
                                                         std::span<const std::string> ids,
                                                         const Deadline& deadline);
/// The commits between two that it has.
[[nodiscard]] Result<CommitRange> read_range(const CommitStore& store, const std::string& from,
                                             const std::string& to, std::size_t most,
                                             const Deadline& deadline);
/// Those of the ids that it has no commit for.
[[nodiscard]] Result<std::vector<std::string>> missing_commits(const CommitStore& store,
                                                               std::span<const std::string> ids,
                                                               const Deadline& deadline);

}  // namespace cdctl::git
