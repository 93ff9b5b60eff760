#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/time.hpp>

namespace cdctl::juju {

/// What this machine keeps of one set, 0700. ControllerHome says where; whoever deploys or reaps
/// the set here holds its lock.
struct SetFolder {
  std::filesystem::path path;
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path / name; }
  [[nodiscard]] std::filesystem::path lock() const { return path / "lock"; }
  [[nodiscard]] std::filesystem::path reaping() const { return path / "reaping"; }
  [[nodiscard]] std::filesystem::path attempts() const { return path / "attempts"; }
  [[nodiscard]] std::filesystem::path cut() const { return path / "cut"; }
  [[nodiscard]] std::filesystem::path secrets() const { return path / "secrets"; }
};

/// Takes the lock of a set on this machine, making its folder. Exit code `timeout` at the deadline;
/// `interrupted` or `terminated` when we were asked to stop meanwhile.
[[nodiscard]] Result<OfdLock> lock_set(const SetFolder& folder, const Deadline& deadline);
/// Somebody on this machine deploys or reaps it; true as well when that cannot be told.
[[nodiscard]] bool at_work(const SetFolder& folder);
/// Removes what this machine keeps of a set whose lock is held, the lock last. `work`: its
/// checkouts, which can be elsewhere.
[[nodiscard]] Result<> remove_set_files(const SetFolder& folder, const std::filesystem::path& work);

/// A reap of a set that this machine has begun: what it goes for, and who has seen that, so that
/// its absence can be believed afterwards.
struct Reaping {
  std::string model;  ///< uuid of the set's model, or of the one it shares
  std::string user;   ///< as whom juju was asked
  bool all = false;   ///< as an administrator
  Time since;
  std::string application;  ///< the set is this application of a shared model; empty: the model is
                            ///< the set's own
};
[[nodiscard]] std::optional<Reaping> read_reaping(const SetFolder& folder);
/// Makes the folder where it is missing.
[[nodiscard]] Result<> write_reaping(const SetFolder& folder, const Reaping& reaping);

}  // namespace cdctl::juju
