#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/revision_log.hpp"
#include "plugins/bzr/testament.hpp"

namespace cdctl::bzr {

/// Our own repository for a target's branch: `trunk` is a mirror of it, what is proposed is fetched
/// beside it, and merged there. A revision that was fetched once stays what it is, whatever others
/// put behind the same revision-id later.
///
/// No plugin, alias or setting of the user has a say in it; only what goes over the network uses
/// them. One process at a time works in it (a file lock beside it, held by this object).
class Workshop {
 public:
  /// The workshop of a target, made where it is absent. Exit code `config` for an address that
  /// cannot be used, `timeout` when another process holds it until the deadline.
  [[nodiscard]] static Result<Workshop> open(const Host& host, const TargetConfig& target,
                                             const Deadline& deadline);

  /// The target's newest revision, fetched.
  [[nodiscard]] Result<Revision> fetch_trunk(const Deadline& deadline) const {
    return fetch("trunk", address_, deadline);
  }
  /// The newest revision of a proposal's branch, fetched. Reason::not_there when there is none.
  [[nodiscard]] Result<Revision> fetch_proposal(const Address& from,
                                                const Deadline& deadline) const {
    return fetch(folder_of(from), from, deadline);
  }

  /// What a revision that was fetched holds.
  [[nodiscard]] Result<Testament> testament(const std::string& revision,
                                            const Deadline& deadline) const;
  /// Which revisions the newest of the target has among its ancestors, in the order asked.
  [[nodiscard]] Result<std::vector<bool>> on_trunk(const std::vector<std::string>& revisions,
                                                   const Deadline& deadline) const;
  /// The revisions of a proposal that the target does not have, the newest first.
  [[nodiscard]] Result<std::vector<LoggedRevision>> missing(const Address& proposal,
                                                            const Deadline& deadline) const;

  /// Runs brz in it, with nobody's settings, and in `path() / folder`.
  [[nodiscard]] BrzCall call(std::vector<std::string> words, const Deadline& deadline,
                             const std::string& folder = {}, const std::string& who = {}) const;

  /// What was written down of something, by a key: `made`, `commits`.
  [[nodiscard]] std::optional<Json> note(std::string_view kind, const std::string& key) const;
  [[nodiscard]] Result<> keep_note(std::string_view kind, const std::string& key,
                                   const Json& what) const;

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The folder of what is fetched from an address.
  [[nodiscard]] static std::string folder_of(const Address& address);
  /// Lets others in: for what takes long and changes nothing.
  void unlock() { lock_.reset(); }

 private:
  Workshop(std::filesystem::path path, Address address, FileLock lock)
      : path_(std::move(path)), address_(std::move(address)), lock_(std::move(lock)) {}
  [[nodiscard]] Result<> make(const Deadline& deadline) const;
  [[nodiscard]] Result<Revision> fetch(const std::string& folder, const Address& from,
                                       const Deadline& deadline) const;

  std::filesystem::path path_;
  Address address_;
  std::optional<FileLock> lock_;
};

}  // namespace cdctl::bzr
