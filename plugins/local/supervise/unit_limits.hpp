#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <cdctl/fs.hpp>
#include <cdctl/unit_limit.hpp>

#include "plugins/local/cgroup.hpp"

namespace cdctl::local {

/// Limits by process type, each unit in a cgroup of its own below that of the set. The kernel
/// counts for a cgroup only while no process is in the one above it: so once limits are in force
/// every unit has its own, and the supervisor has moved out of the way.
class UnitLimits {
 public:
  /// Puts them in force. `set` is the cgroup of the set, with nobody in it yet, and `parent` the
  /// one that it was made in. An error says why that cannot be: nothing has changed for the set
  /// then.
  [[nodiscard]] Result<> begin(const std::filesystem::path& parent, const Cgroup& set,
                               std::map<std::string, UnitLimit> limits);
  [[nodiscard]] bool in_force() const { return in_force_; }
  /// Makes the cgroup of a unit, with the limits of its process; a descriptor to enter it by.
  [[nodiscard]] Result<Fd> entrance(std::size_t unit, const std::string& process) const;
  /// How often the kernel has killed for want of memory in the unit's cgroup.
  [[nodiscard]] std::int64_t oom_kills(std::size_t unit) const;
  /// `out of memory, its limit is 512M`
  [[nodiscard]] std::string oom_text(const std::string& process) const;

 private:
  [[nodiscard]] UnitLimit of(const std::string& process) const;
  [[nodiscard]] Cgroup cgroup_of(std::size_t unit) const;
  std::filesystem::path set_;
  std::map<std::string, UnitLimit> limits_;
  bool in_force_ = false;
};

}  // namespace cdctl::local
