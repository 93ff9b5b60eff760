#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/first_fetch.hpp"
#include "plugins/git/git_progress.hpp"

namespace cdctl::git {

/// A bare copy of a repository in our cache, so that the second deploy of a source fetches only
/// what is new.
///
/// One process at a time uses a mirror (a file lock beside it, held for the life of this object).
/// It is made under another name and renamed, so it is either absent or whole; one that turns out
/// damaged is made anew. Objects are never pruned: a revision that a force push left stays
/// deployable.
class Mirror {
 public:
  /// Takes the lock; exit code `timeout` when another process holds it until the deadline. Does not
  /// fetch. `tell` hears how far each fetch is.
  [[nodiscard]] static Result<Mirror> open(const std::filesystem::path& cache,
                                           const Address& address, const Deadline& deadline,
                                           Tell tell = {});

  /// Makes the mirror, or brings all its branches and tags up to date. A damaged one is made anew.
  [[nodiscard]] Result<> refresh(const Deadline& deadline);
  /// Fetches only when `commit` is not there; then also asks the server for exactly this commit.
  /// Exit code `failed` when the repository does not have it.
  [[nodiscard]] Result<> need(std::string_view commit, const Deadline& deadline);
  /// The same; false when the repository does not have it.
  [[nodiscard]] Result<bool> bring(std::string_view commit, const Deadline& deadline);
  /// Makes an absent mirror of what was fetched already. On failure it stays absent, and need()
  /// makes it.
  [[nodiscard]] Result<> plant(const WholeRepository& whole, const Deadline& deadline);
  /// Where the mirror of a repository is, or would be.
  [[nodiscard]] static std::filesystem::path place(const std::filesystem::path& cache,
                                                   const Address& address);
  /// Throws the copy away and fetches everything again.
  [[nodiscard]] Result<> rebuild(const Deadline& deadline);
  /// The commit that an expression of ours (`refs/tags/v1`, a short id) names in the mirror; empty
  /// when none, exit code `failed` when a short id names several.
  [[nodiscard]] Result<std::optional<std::string>> find(const std::string& expression,
                                                        const Deadline& deadline);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Mirror(std::filesystem::path path, Address address, FileLock lock, Tell tell)
      : path_(std::move(path)),
        address_(std::move(address)),
        lock_(std::move(lock)),
        tell_(std::move(tell)) {}
  [[nodiscard]] Result<Finished> fetch(std::vector<std::string> words,
                                       const Deadline& deadline) const;
  [[nodiscard]] bool looks_whole() const;
  [[nodiscard]] Result<> take_over(const std::filesystem::path& fresh);
  [[nodiscard]] bool has(std::string_view commit, const Deadline& deadline) const;

  std::filesystem::path path_;
  Address address_;
  FileLock lock_;
  Tell tell_;
};

}  // namespace cdctl::git
