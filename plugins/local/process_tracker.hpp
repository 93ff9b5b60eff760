#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/procfs.hpp"

namespace cdctl::local {

/// The two variables that every process of a set is started with. Together they name the set on
/// this machine.
constexpr const char* k_set_variable = "CDCTL_SET";
constexpr const char* k_home_variable = "CDCTL_HOME_ID";

/// How to find every process of a set, as the file `fence` keeps it. The supervisor writes it
/// before the first unit starts and removes it when all are proven gone; so where there is none,
/// nothing is left.
struct TrackerRecord {
  std::string set;
  std::string home_id;
  std::string boot;  ///< boot_id() when it was written
  ProcessId supervisor;
  std::filesystem::path cgroup;  ///< empty where there is no writable cgroup v2
};
[[nodiscard]] std::string to_text(const TrackerRecord& record);
[[nodiscard]] std::optional<TrackerRecord> parse_tracker(std::string_view text);

/// The processes of a set: those of its cgroup, those below its supervisor, those with its two
/// variables. The supervisor itself is none of them. Works with the supervisor alive, stopped or
/// dead, and from within it.
class ProcessTracker {
 public:
  explicit ProcessTracker(TrackerRecord record) : record_(std::move(record)) {}
  [[nodiscard]] const TrackerRecord& record() const { return record_; }

  /// The living ones, zombies left out.
  [[nodiscard]] std::vector<ProcessInfo> members() const;
  /// How many there are; by the cgroup alone where there is one.
  [[nodiscard]] std::size_t count() const;
  /// Stops all of them where they are, those they fork meanwhile included.
  [[nodiscard]] Result<> freeze(const Deadline& deadline) const;
  [[nodiscard]] Result<> thaw(const Deadline& deadline) const;
  [[nodiscard]] bool frozen() const;
  /// TERM to each, once; not to those that `told` names, which have it already or shall not get it.
  void terminate(const std::function<bool(const ProcessInfo&)>& told = {}) const;
  /// KILL until none is left. Exit code `failed`, naming them, when some cannot be ended by the
  /// deadline.
  [[nodiscard]] Result<> kill(const Deadline& deadline) const;
  /// Waits until none is left; false at the deadline.
  [[nodiscard]] bool wait_empty(const Deadline& deadline) const;

 private:
  [[nodiscard]] bool has_cgroup() const;
  TrackerRecord record_;
};

/// Processes that nothing ties to the set but that they work in `folder` or run a program from it:
/// what a sweep cannot call gone and must not kill. The calling process is not among them.
[[nodiscard]] std::vector<ProcessInfo> suspects_in(const std::filesystem::path& folder);
/// Processes that may be of a set whose supervisor is dead, though nothing about them says so: let
/// go of since it started by whoever has begotten them, in a session that is no older, of a user
/// that its units can be. Without a cgroup one that is left of it is among them; most are somebody
/// else's.
[[nodiscard]] std::vector<ProcessInfo> strays_since(const ProcessId& supervisor, uid_t owner);
/// `101 (python3), 102 (sh)`, at most five.
[[nodiscard]] std::string name_them(const std::vector<ProcessInfo>& processes);

}  // namespace cdctl::local
