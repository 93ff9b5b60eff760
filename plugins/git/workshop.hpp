#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

/// Our own bare repository for a target's: what is proposed is fetched into it, and merged there
/// without a work tree. The refs of the other side are under refs/there/: `refs/there/heads/main`.
///
/// No hook, filter or setting of the user or the machine has a say in it, so that the same merge
/// gives the same commit anywhere; only what goes over the network uses them, for it needs their
/// credentials. One process at a time fetches (a file lock beside it, held by this object).
class Workshop {
 public:
  /// The workshop of a target, made where it is absent. Exit code `config` for an address that
  /// cannot be used, `timeout` when another process holds it until the deadline.
  [[nodiscard]] static Result<Workshop> open(Host& host, const TargetConfig& target,
                                             const Deadline& deadline);

  /// Where that of an address is.
  [[nodiscard]] static std::filesystem::path folder(const Host& host, const Address& address);

  /// Whether git looks, after it has fetched, for what should be packed.
  enum class Tidy { now, later };
  /// Brings refs of the other side up to date, and forgets those that are gone: `refs/heads/main`,
  /// `refs/reviews/*`. Exit code `unknown`; `failed` and Reason::not_there when a ref without a
  /// star is not there. From another repository with `url`.
  [[nodiscard]] Result<> fetch(const std::vector<std::string>& refs, const Deadline& deadline,
                               const std::string& url = {}, Tidy tidy = Tidy::now) const;
  /// Our name of a ref of theirs.
  [[nodiscard]] static std::string there(std::string_view ref);

  struct Ref {
    std::string id, type;
    std::size_t size = 0;  ///< of the object that it names, in bytes
  };
  /// What was fetched, by the name it has there.
  [[nodiscard]] Result<std::map<std::string, Ref>> refs(const Deadline& deadline) const;
  /// The commit of one of them; empty when there is none.
  [[nodiscard]] Result<std::string> tip(std::string_view ref, const Deadline& deadline) const;
  /// The text of objects, in the order asked; empty for one that is not there.
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::vector<std::string>& ids,
                                                       const Deadline& deadline) const;
  /// Those that are commits which we have.
  [[nodiscard]] Result<std::set<std::string>> commits_among(const std::vector<std::string>& ids,
                                                            const Deadline& deadline) const;
  [[nodiscard]] Result<bool> has(const std::string& commit, const Deadline& deadline) const;
  [[nodiscard]] Result<bool> is_ancestor(const std::string& older, const std::string& newer,
                                         const Deadline& deadline) const;

  /// Runs git in it, with nobody's settings.
  [[nodiscard]] Result<Finished> git(std::vector<std::string> words, const Deadline& deadline,
                                     std::string input = {},
                                     std::map<std::string, std::string> env = {}) const;
  /// The same, where an end other than success is an error.
  [[nodiscard]] Result<std::string> output(std::vector<std::string> words, const Deadline& deadline,
                                           std::string input = {},
                                           std::map<std::string, std::string> env = {}) const;
  /// Runs git in it with the user's settings, for the network.
  [[nodiscard]] Result<Finished> git_out(std::vector<std::string> words,
                                         const Deadline& deadline) const;

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Lets others in: for what takes long and changes no ref of ours.
  void unlock() { lock_.reset(); }

 private:
  Workshop(std::filesystem::path path, Address address, FileLock lock)
      : path_(std::move(path)), address_(std::move(address)), lock_(std::move(lock)) {}
  [[nodiscard]] Result<> make(Host& host, const std::string& branch,
                              const Deadline& deadline) const;

  std::filesystem::path path_;
  Address address_;
  std::optional<FileLock> lock_;
};

/// The first line of a text.
[[nodiscard]] std::string first_line(std::string_view text);

}  // namespace cdctl::git
